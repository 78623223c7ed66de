/**
 * The ledger in an embedded database.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { Fields } from "../documents/document_fields.ts";
import { clearedRunFields, RUN_FIELDS, type RunFieldType, writeRunFields } from "../schedules/run_fields.ts";
import { RunReader } from "../schedules/run_reader.ts";
import {
  type ListRunsOptions,
  OPEN_STATES,
  type PageRunsOptions,
  type RunChange,
  type RunPage,
  type RunRecord,
  type RunRepository,
  type RunRetention,
  toRunPage,
  type UpdateRunOptions,
} from "../schedules/run_repository.ts";
import { SqliteCalls } from "./sqlite_calls.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** Must match the condition of the index on open records literally, or SQLite does not use the index. */
const IS_OPEN = `state IN (${OPEN_STATES.map((state) => `'${state}'`).join(", ")})`;
const NAMES = RUN_FIELDS.map(({ name }) => name);
const INSERT = `INSERT INTO runs (${NAMES.join(", ")}) VALUES (${NAMES.map((name) => `:${name}`).join(", ")})
  ON CONFLICT (id) DO NOTHING`;
const BLANK = Object.fromEntries(NAMES.map((name) => [name, null]));
const DEFAULT_LIMIT = 100;

/** The ledger in SQLite, one row per run. Processes that share the file share the claims. */
export class SqliteRunRepository implements RunRepository {
  readonly #database: DatabaseSync;
  readonly #calls = new SqliteCalls();
  readonly #reader = new RunReader();

  /** @param database The connection, which stays open when this is disposed. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** See {@linkcode RunRepository.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("prepare the tables", options, () => migrateSqlite(this.#database));
  }

  /** See {@linkcode RunRepository.insert}. One transaction inserts all records. */
  insert(records: readonly RunRecord[], options?: RepositoryCallOptions): Promise<ReadonlySet<string>> {
    return this.#calls.run(
      `claim ${records.length} runs`,
      options,
      () =>
        inTransaction(this.#database, () => {
          const insert = this.#database.prepare(INSERT);
          const inserted = records.filter((record) =>
            insert.run({ ...BLANK, ...writeRunFields(record, toColumn) }).changes === 1
          );
          return new Set(inserted.map(({ id }) => id));
        }),
    );
  }

  /** See {@linkcode RunRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<RunRecord | undefined> {
    return this.#calls.run(`read run '${id}'`, options, () => {
      const row = this.#database.prepare("SELECT * FROM runs WHERE id = ?").get(id);
      return row && this.#reader.read(toFields(row));
    });
  }

  /** See {@linkcode RunRepository.update}. */
  update(id: string, change: RunChange, options?: UpdateRunOptions): Promise<boolean> {
    return this.#calls.run(`write run '${id}'`, options, () => {
      const cleared = clearedRunFields(change).map((name): [string, SQLInputValue] => [name, null]);
      const fields = [...Object.entries(writeRunFields(change, toColumn)), ...cleared];
      const set = fields.map(([name]) => `${name} = ?`).join(", ") || "id = id";
      const update = this.#database.prepare(
        `UPDATE runs SET ${set} WHERE id = ? AND instance = coalesce(?, instance)`,
      );
      return update.run(...fields.map(([, value]) => value), id, options?.instance ?? null).changes === 1;
    });
  }

  /** See {@linkcode RunRepository.list}. */
  list(scheduleId: string, options: ListRunsOptions = {}): Promise<RunRecord[]> {
    return this.#calls.run(`read the runs of schedule '${scheduleId}'`, options, () =>
      this.#all(
        "schedule_id = ? ORDER BY slot DESC, id DESC LIMIT ?",
        scheduleId,
        options.limit ?? DEFAULT_LIMIT,
      ));
  }

  /** See {@linkcode RunRepository.page}. */
  page(options: PageRunsOptions = {}): Promise<RunPage> {
    const { scheduleId, state, trigger, from, to, after, limit = DEFAULT_LIMIT } = options;
    const conditions: [string, ...SQLInputValue[]][] = [
      ...(scheduleId === undefined ? [] : [["schedule_id = ?", scheduleId] as [string, string]]),
      ...(state === undefined ? [] : [["state = ?", state] as [string, string]]),
      ...(from === undefined ? [] : [["slot >= ?", from] as [string, number]]),
      ...(to === undefined ? [] : [["slot < ?", to] as [string, number]]),
      ...(after === undefined
        ? []
        : [["(slot, id) < (?, ?)", after.slot, after.id] as [string, number, string]]),
      ...triggerConditions(trigger),
    ];
    const where = conditions.map(([condition]) => condition).join(" AND ") || "TRUE";
    const values = conditions.flatMap(([, ...values]) => values);
    return this.#calls.run("read a page of runs", options, () => {
      const rows = this.#database.prepare(
        `SELECT * FROM runs WHERE ${where} ORDER BY slot DESC, id DESC LIMIT ?`,
      ).all(...values, limit + 1);
      return toRunPage(this.#reader.readAll(rows.slice(0, limit).map(toFields)), rows.length > limit);
    });
  }

  /** See {@linkcode RunRepository.listOpen}. */
  listOpen(
    { scheduleId, ...options }: RepositoryCallOptions & { readonly scheduleId?: string } = {},
  ): Promise<RunRecord[]> {
    return this.#calls.run(
      "read the open runs",
      options,
      () =>
        scheduleId === undefined
          // Left to itself, SQLite would read all runs in the order of their slots.
          ? this.#read(`SELECT * FROM runs INDEXED BY runs_open WHERE ${IS_OPEN} ORDER BY slot, claimed_at`)
          : this.#all(`${IS_OPEN} AND schedule_id = ? ORDER BY slot, claimed_at`, scheduleId),
    );
  }

  /** See {@linkcode RunRepository.touch}. */
  touch(instance: string, seenAt: Date, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("say that this scheduler is there", options, () => {
      this.#database.prepare(`UPDATE runs SET seen_at = ? WHERE ${IS_OPEN} AND instance = ?`)
        .run(seenAt.getTime(), instance);
    });
  }

  /** See {@linkcode RunRepository.trim}. */
  trim(
    scheduleId: string,
    { maxRecords, maxAgeMs }: RunRetention,
    now: Date,
    options?: RepositoryCallOptions,
  ): Promise<number> {
    return this.#calls.run(`trim the runs of schedule '${scheduleId}'`, options, () => {
      const isFinal = `schedule_id = :schedule AND NOT ${IS_OPEN}`;
      const { changes } = this.#database.prepare(
        `DELETE FROM runs WHERE ${isFinal} AND (claimed_at < :oldest OR id NOT IN (
           SELECT id FROM runs WHERE ${isFinal} ORDER BY slot DESC, id DESC LIMIT :most))`,
      ).run({
        schedule: scheduleId,
        oldest: now.getTime() - maxAgeMs,
        most: Math.min(maxRecords, Number.MAX_SAFE_INTEGER),
      });
      return Number(changes);
    });
  }

  /** See {@linkcode RunRepository.expire}. */
  expire(before: Date, options?: RepositoryCallOptions): Promise<number> {
    return this.#calls.run("remove old runs", options, () => {
      const expired = this.#database.prepare(`DELETE FROM runs WHERE claimed_at < ? AND NOT ${IS_OPEN}`);
      return Number(expired.run(before.getTime()).changes);
    });
  }

  /** Refuses new calls. The connection stays open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  #all(where: string, ...values: readonly SQLInputValue[]): RunRecord[] {
    return this.#read(`SELECT * FROM runs WHERE ${where}`, ...values);
  }

  #read(select: string, ...values: readonly SQLInputValue[]): RunRecord[] {
    const rows = this.#database.prepare(select).all(...values);
    return this.#reader.readAll(rows.map(toFields));
  }
}

/** A run whose trigger is unknown counts as one of the schedule. */
function triggerConditions(trigger: PageRunsOptions["trigger"]): [string, ...SQLInputValue[]][] {
  if (trigger === undefined) return [];
  if (trigger === "retry") return [["attempt > 1"]];
  const first: [string] = ["attempt <= 1"];
  if (trigger === "schedule") return [first, ["trigger NOT IN ('catch-up', 'manual')"]];
  return [first, ["trigger = ?", trigger]];
}

function toColumn(value: string | number | Date): SQLInputValue {
  return value instanceof Date ? value.getTime() : value;
}

function toFields(row: Record<string, SQLOutputValue>): Fields {
  return Object.fromEntries(
    RUN_FIELDS.map(({ name, type }) => [name, fromColumn(row[name] ?? null, type)]),
  );
}

function fromColumn(value: SQLOutputValue, type: RunFieldType): unknown {
  return type === "date" && value !== null ? new Date(Number(value)) : value;
}
