/**
 * Documents of schedules in MongoDB.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Document, Filter, FindOptions, MongoClient } from "mongodb";
import { type CallScope, limitSilence } from "../../lib/util/call_scope.ts";
import type { BotDocument, RepositoryCallOptions } from "../documents/bot_repository.ts";
import {
  NEVER,
  readExecutionTime,
  type ScheduleAdvance,
  type ScheduleRepository,
  type StoredSchedule,
} from "../schedules/schedule_repository.ts";
import { unreadableReason } from "../documents/unreadable_document.ts";
import { SCHEDULES } from "./mongo_document_kind.ts";
import { MongoDocumentRepository, type MongoDocumentRepositoryOptions } from "./mongo_document_repository.ts";
import { type MongoDocument, readMongoDocument } from "./mongo_documents.ts";
import { dueAfter, dueUntil, timeField, timeIs, WITHOUT_TIME } from "./mongo_execution_time.ts";
import { ensureIndex } from "./mongo_indexes.ts";

const EARLIEST_FIRST = { next_execution_time: 1 } as const;

/**
 * The schedules in MongoDB, `bot_scheduler.bot_schedules`, with an index on `next_execution_time`. Finds
 * unusable times wherever they stand in that index. MongoDB compares an array by its elements.
 */
export class MongoScheduleRepository extends MongoDocumentRepository implements ScheduleRepository {
  readonly #log = getLogger(["berth", "schedules"]);

  /**
   * @param client The connection, which stays open when this is disposed.
   * @param options The database, the time limit and the clock.
   */
  constructor(client: MongoClient, options?: MongoDocumentRepositoryOptions) {
    super(client, SCHEDULES, options);
  }

  /** See {@linkcode ScheduleRepository.open}. */
  override async open(options?: RepositoryCallOptions): Promise<void> {
    await super.open(options);
    await this.calls.run("index collection 'bot_schedules'", options, async () => {
      const refusal = await ensureIndex(this.documents, EARLIEST_FIRST);
      if (!refusal) return;
      this.#log.warn(
        "no index on bot_schedules.next_execution_time: all schedules are read to find those due",
        {
          code: refusal.code,
          reason: refusal.message,
        },
      );
    });
  }

  /** See {@linkcode ScheduleRepository.due}. */
  due(until: number, limit: number, options?: RepositoryCallOptions): Promise<StoredSchedule[]> {
    return this.calls.run("read the schedules that are due", options, async (scope) => {
      const found = new Map<string, StoredSchedule>();
      await this.#collect(found, limit, scope, WITHOUT_TIME);
      await this.#collect(found, limit, scope, dueUntil(until), { sort: EARLIEST_FIRST });
      const schedules = [...found.values()];
      return this.areIdsUnique ? schedules : await this.#thatCount(schedules, until, scope);
    });
  }

  /** See {@linkcode ScheduleRepository.nextDueAfter}. */
  nextDueAfter(after: number, options?: RepositoryCallOptions): Promise<number | undefined> {
    return this.calls.run("read when the next schedule is due", options, async (scope) => {
      const cursor = this.documents.find(dueAfter(after), {
        sort: EARLIEST_FIRST,
        projection: { _id: 0, ...EARLIEST_FIRST },
        raw: true,
        batchSize: 2,
        signal: scope.signal,
      });
      for await (const bytes of limitSilence(cursor, scope)) {
        const { document } = readMongoDocument(bytes as unknown as Uint8Array);
        const time = readExecutionTime(document.next_execution_time);
        if (time !== undefined) return time < NEVER ? time : undefined;
      }
    });
  }

  /** See {@linkcode ScheduleRepository.find}. */
  find(id: string, options?: RepositoryCallOptions): Promise<StoredSchedule | undefined> {
    return this.calls.run(`read schedule '${id}'`, options, async () => {
      const stored = await this.newest(id);
      const document = this.seen(id, stored?.document);
      return document && toSchedule({ ...stored, hasId: true, key: id, document });
    });
  }

  /** See {@linkcode ScheduleRepository.advance}. */
  advance(
    id: string,
    from: number | undefined,
    to: number,
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.calls.run(
      `advance schedule '${id}'`,
      options,
      ({ signal }) => this.#advance({ id, from, to }, signal),
    );
  }

  /**
   * See {@linkcode ScheduleRepository.advanceAll}. Each schedule is set alone, because the answer to a bulk
   * update does not show which documents matched.
   */
  advanceAll(
    advances: readonly ScheduleAdvance[],
    options?: RepositoryCallOptions,
  ): Promise<ReadonlySet<string>> {
    return this.calls.run(`advance ${advances.length} schedules`, options, async (scope) => {
      const advanced = await Promise.all(advances.map(async (advance) => {
        const isSet = await this.#advance(advance, scope.signal);
        scope.restartLimit();
        return isSet;
      }));
      return new Set(advances.filter((_, i) => advanced[i]).map(({ id }) => id));
    });
  }

  /** An event carries the time as a number, which would be stored as a double. */
  protected override toStored(fields: BotDocument): Document {
    const time = fields.next_execution_time;
    return Number.isSafeInteger(time) ? { ...fields, ...timeField(time as number) } : fields;
  }

  async #collect(
    found: Map<string, StoredSchedule>,
    limit: number,
    scope: CallScope,
    filter: Filter<Document>,
    options: FindOptions = {},
  ): Promise<void> {
    if (found.size >= limit) return;
    const cursor = this.documents.find(filter, {
      ...options,
      raw: true,
      batchSize: limit,
      signal: scope.signal,
    });
    for await (const bytes of limitSilence(cursor, scope)) {
      const document = readMongoDocument(bytes as unknown as Uint8Array);
      const { key, hasId } = document;
      const isUsable = hasId && unreadableReason(this.seen(key, document.document)!) === undefined;
      if (!isUsable || found.has(key)) continue;
      found.set(key, toSchedule(document));
      if (found.size >= limit) return;
    }
  }

  /** If several documents have one id, the found one may not be the newest. */
  async #thatCount(
    found: readonly StoredSchedule[],
    until: number,
    scope: CallScope,
  ): Promise<StoredSchedule[]> {
    const newest = await Promise.all(found.map(async ({ key }) => {
      scope.restartLimit();
      return await this.newest(key);
    }));
    return newest.filter((document) => document !== undefined).map(toSchedule)
      .filter(({ nextExecutionTime = until }) => nextExecutionTime <= until);
  }

  #advance(advance: ScheduleAdvance, signal: AbortSignal): Promise<boolean> {
    return this.changes.run(advance.id, () => this.#set(advance, signal));
  }

  async #set({ id, from, to }: ScheduleAdvance, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const update = { $set: timeField(to) };
    if (this.areIdsUnique) {
      return (await this.documents.updateOne({ id, ...timeIs(from) }, update)).matchedCount > 0;
    }
    const mongoId = (await this.newest(id))?.mongoId;
    if (mongoId === undefined) return false;
    const { matchedCount } = await this.documents.updateOne(
      { _id: mongoId as never, ...timeIs(from) },
      update,
    );
    // Updates all documents of the id, which would otherwise be found again and again.
    if (matchedCount > 0) await this.documents.updateMany({ id }, update);
    return matchedCount > 0;
  }
}

function toSchedule({ key, document }: MongoDocument): StoredSchedule {
  const nextExecutionTime = readExecutionTime(document.next_execution_time);
  return { key, document, ...(nextExecutionTime !== undefined && { nextExecutionTime }) };
}
