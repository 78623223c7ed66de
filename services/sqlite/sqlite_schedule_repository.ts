/**
 * Documents of schedules in an embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import { unreadableReason } from "../documents/unreadable_document.ts";
import {
  NEVER,
  type ScheduleAdvance,
  type ScheduleRepository,
  type StoredSchedule,
} from "../schedules/schedule_repository.ts";
import { SCHEDULES } from "./sqlite_document_kind.ts";
import {
  SqliteDocumentRepository,
  type SqliteDocumentRepositoryOptions,
} from "./sqlite_document_repository.ts";
import { readDocument } from "./sqlite_documents.ts";
import { inTransaction } from "./sqlite_transaction.ts";

const COLUMNS = "id, document, next_execution_time";

/**
 * The schedules in SQLite. An indexed, generated column holds the document's `next_execution_time`: NULL if
 * it is not usable, {@linkcode NEVER} if the document is damaged.
 */
export class SqliteScheduleRepository extends SqliteDocumentRepository implements ScheduleRepository {
  /** @param database The connection, which stays open when this is disposed. @param options The clock. */
  constructor(database: DatabaseSync, options?: SqliteDocumentRepositoryOptions) {
    super(database, SCHEDULES, options);
  }

  /** See {@linkcode ScheduleRepository.due}. */
  due(until: number, limit: number, options?: RepositoryCallOptions): Promise<StoredSchedule[]> {
    return this.calls.run("read the schedules that are due", options, () => {
      const select = `SELECT ${COLUMNS} FROM bot_schedules WHERE next_execution_time`;
      const unseen = this.database.prepare(`${select} IS NULL LIMIT ?`).all(limit);
      const due = this.database.prepare(`${select} <= ? ORDER BY next_execution_time LIMIT ?`)
        .all(Math.min(until, NEVER - 1), limit - unseen.length);
      return [...unseen, ...due].map(readSchedule);
    });
  }

  /** See {@linkcode ScheduleRepository.nextDueAfter}. */
  nextDueAfter(after: number, options?: RepositoryCallOptions): Promise<number | undefined> {
    return this.calls.run("read when the next schedule is due", options, () => {
      const row = this.database.prepare(
        `SELECT min(next_execution_time) AS next FROM bot_schedules
          WHERE next_execution_time > ? AND next_execution_time < ${NEVER}`,
      ).get(after);
      return row?.next as number | null ?? undefined;
    });
  }

  /** See {@linkcode ScheduleRepository.find}. */
  find(id: string, options?: RepositoryCallOptions): Promise<StoredSchedule | undefined> {
    return this.calls.run(`read schedule '${id}'`, options, () => {
      const row = this.database.prepare(`SELECT ${COLUMNS} FROM bot_schedules WHERE id = ?`).get(id);
      return row && readSchedule(row);
    });
  }

  /** See {@linkcode ScheduleRepository.advance}. */
  async advance(
    id: string,
    from: number | undefined,
    to: number,
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return (await this.advanceAll([{ id, from, to }], options)).has(id);
  }

  /** See {@linkcode ScheduleRepository.advanceAll}. One transaction sets all. */
  advanceAll(
    advances: readonly ScheduleAdvance[],
    options?: RepositoryCallOptions,
  ): Promise<ReadonlySet<string>> {
    return this.calls.run(
      `advance ${advances.length} schedules`,
      options,
      () =>
        inTransaction(this.database, () => {
          // A JavaScript number arrives as a double, and would be written as one.
          const advance = this.database.prepare(
            `UPDATE bot_schedules SET document = json_set(document, '$.next_execution_time', CAST(? AS INTEGER))
            WHERE id = ? AND next_execution_time IS ? AND json_valid(document)`,
          );
          const advanced = advances.filter(({ id, from, to }) =>
            advance.run(to, id, from ?? null).changes === 1
          );
          return new Set(advanced.map(({ id }) => id));
        }),
    );
  }
}

function readSchedule(row: Record<string, unknown>): StoredSchedule {
  const { id, next_execution_time: time } = row as { id: string; next_execution_time: number | null };
  const document = readDocument(id, row.document as string);
  const hasTime = time !== null && unreadableReason(document) === undefined;
  return { key: id, document, ...(hasTime && { nextExecutionTime: time }) };
}
