/**
 * The ledger in MongoDB.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import {
  BSON,
  type Collection,
  type Document,
  type Filter,
  type FindOptions,
  MongoBulkWriteError,
  type MongoClient,
} from "mongodb";
import { type CallScope, limitSilence } from "../../lib/util/call_scope.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { Fields } from "../documents/document_fields.ts";
import { clearedRunFields, type RunFieldType, writeRunFields } from "../schedules/run_fields.ts";
import { RunReader } from "../schedules/run_reader.ts";
import {
  isOpenRun,
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
import { MongoCalls } from "./mongo_calls.ts";
import { readMongoDocument } from "./mongo_documents.ts";
import { duplicateKeysOf } from "./mongo_errors.ts";
import { ensureIndex } from "./mongo_indexes.ts";

/** Options of a {@linkcode MongoRunRepository}. */
export interface MongoRunRepositoryOptions {
  /**
   * Name of the database.
   *
   * @default "bot_scheduler"
   */
  readonly database?: string;
  /**
   * How long the server may be silent, in ms.
   *
   * @default 15000
   */
  readonly limitMs?: number;
}

type StoredRun = Document & { readonly _id: string };

const OPEN: Filter<StoredRun> = { state: { $in: [...OPEN_STATES] } };
const FINAL: Filter<StoredRun> = { state: { $nin: [...OPEN_STATES] } };
const LATEST_FIRST = { slot: -1, id: -1 } as const;
const EARLIEST_FIRST = { slot: 1, claimed_at: 1 } as const;
const INDEXES = [
  { schedule_id: 1, ...LATEST_FIRST },
  LATEST_FIRST,
  { state: 1, instance: 1 },
  { claimed_at: 1 },
] as const;
const DEFAULT_LIMIT = 100;

/** The last heartbeat of a scheduler. */
interface StoredScheduler {
  readonly _id: string;
  readonly seen_at: Date;
}

/**
 * The ledger in MongoDB, `bot_scheduler.runs`. A record's id is also its `_id`, so that a claim is unique
 * even if no other unique index can be created. A majority acknowledges each write, so that a change of the
 * primary loses no claim.
 *
 * Heartbeats live in `bot_scheduler.schedulers`, not in the run records, so each record has a single writer.
 * This keeps every change even on servers where two concurrent updates are not atomic.
 */
export class MongoRunRepository implements RunRepository {
  readonly #runs: Collection<StoredRun>;
  readonly #schedulers: Collection<StoredScheduler>;
  readonly #calls: MongoCalls;
  readonly #reader = new RunReader();
  readonly #log = getLogger(["berth", "schedules"]);

  /**
   * @param client The connection, which stays open when this is disposed.
   * @param options The database and the time limit.
   */
  constructor(client: MongoClient, options: MongoRunRepositoryOptions = {}) {
    const database = client.db(options.database ?? "bot_scheduler");
    this.#runs = database.collection<StoredRun>("runs", { writeConcern: { w: "majority" } });
    this.#schedulers = database.collection<StoredScheduler>("schedulers");
    this.#calls = new MongoCalls(client, options.limitMs ?? 15_000);
  }

  /** See {@linkcode RunRepository.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("prepare collection 'runs'", options, async () => {
      const refusals = [
        await ensureIndex(this.#runs, { id: 1 }, { unique: true }),
        ...await Promise.all(INDEXES.map((keys) => ensureIndex(this.#runs, keys))),
      ];
      for (const refusal of refusals.filter((refusal) => refusal !== undefined)) {
        this.#log.warn("no index on runs, so finding a run takes longer", {
          code: refusal.code,
          reason: refusal.message,
        });
      }
    });
  }

  /** See {@linkcode RunRepository.insert}. */
  insert(records: readonly RunRecord[], options?: RepositoryCallOptions): Promise<ReadonlySet<string>> {
    return this.#calls.run(`claim ${records.length} runs`, options, async () => {
      if (records.length === 0) return new Set();
      const runs = records.map((record) => ({ _id: record.id, ...writeRunFields(record, toStored) }));
      const present = await this.#runs.insertMany(runs, { ordered: false }).then(
        () => new Set<number>(),
        (error) => {
          const present = error instanceof MongoBulkWriteError && duplicateKeysOf(error);
          if (!present) throw error;
          return present;
        },
      );
      return new Set(records.filter((_, i) => !present.has(i)).map(({ id }) => id));
    });
  }

  /** See {@linkcode RunRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<RunRecord | undefined> {
    return this.#calls.run(`read run '${id}'`, options, async (scope) => {
      const [own] = await this.#find({ _id: id }, {}, scope);
      // A record of another program may have another `_id`.
      return own ?? (await this.#find({ id }, {}, scope))[0];
    });
  }

  /** See {@linkcode RunRepository.update}. */
  update(id: string, change: RunChange, options: UpdateRunOptions = {}): Promise<boolean> {
    const { instance } = options;
    return this.#calls.run(`write run '${id}'`, options, async () => {
      const owned = instance === undefined ? {} : { instance };
      const cleared = clearedRunFields(change);
      const set = {
        // An empty `$set` is refused; setting the id to its own value changes nothing.
        $set: { id, ...writeRunFields(change, toStored) },
        ...(cleared.length > 0 && { $unset: Object.fromEntries(cleared.map((name) => [name, ""])) }),
      };
      for (const key of [{ _id: id }, { id }]) {
        const { matchedCount } = await this.#runs.updateOne({ ...key, ...owned }, set);
        if (matchedCount > 0) return true;
      }
      return false;
    });
  }

  /** See {@linkcode RunRepository.list}. */
  list(scheduleId: string, options: ListRunsOptions = {}): Promise<RunRecord[]> {
    const limit = options.limit ?? DEFAULT_LIMIT;
    return this.#calls.run(
      `read the runs of schedule '${scheduleId}'`,
      options,
      (scope) => this.#find({ schedule_id: scheduleId }, { sort: LATEST_FIRST, limit }, scope),
    );
  }

  /** See {@linkcode RunRepository.page}. */
  page(options: PageRunsOptions = {}): Promise<RunPage> {
    const { limit = DEFAULT_LIMIT } = options;
    return this.#calls.run("read a page of runs", options, async (scope) => {
      const found = await this.#read(pageFilter(options), { sort: LATEST_FIRST, limit: limit + 1 }, scope);
      const records = await this.#withHeartbeats(this.#reader.readAll(found.slice(0, limit)), scope);
      return toRunPage(records, found.length > limit);
    });
  }

  /** See {@linkcode RunRepository.listOpen}. */
  listOpen(
    options: RepositoryCallOptions & { readonly scheduleId?: string } = {},
  ): Promise<RunRecord[]> {
    const { scheduleId } = options;
    const filter = { ...OPEN, ...(scheduleId !== undefined && { schedule_id: scheduleId }) };
    return this.#calls.run(
      "read the open runs",
      options,
      (scope) => this.#find(filter, { sort: EARLIEST_FIRST }, scope),
    );
  }

  /** See {@linkcode RunRepository.touch}. */
  touch(instance: string, seenAt: Date, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("say that this scheduler is there", options, async () => {
      await this.#schedulers.updateOne({ _id: instance }, { $set: { seen_at: seenAt } }, { upsert: true });
    });
  }

  /** See {@linkcode RunRepository.trim}. */
  trim(
    scheduleId: string,
    { maxRecords, maxAgeMs }: RunRetention,
    now: Date,
    options?: RepositoryCallOptions,
  ): Promise<number> {
    return this.#calls.run(`trim the runs of schedule '${scheduleId}'`, options, async ({ signal }) => {
      const filter = { ...FINAL, schedule_id: scheduleId };
      const found = await this.#runs.find(filter, {
        sort: LATEST_FIRST,
        projection: { claimed_at: 1 },
        signal,
      }).toArray();
      const oldest = now.getTime() - maxAgeMs;
      const surplus = found.filter(({ claimed_at: at }, i) => i >= maxRecords || Number(at) < oldest);
      if (surplus.length === 0) return 0;
      const ids = surplus.map(({ _id }) => _id);
      return (await this.#runs.deleteMany({ ...FINAL, _id: { $in: ids } })).deletedCount;
    });
  }

  /** See {@linkcode RunRepository.expire}. */
  expire(before: Date, options?: RepositoryCallOptions): Promise<number> {
    return this.#calls.run("remove old runs", options, async () => {
      await this.#schedulers.deleteMany({ seen_at: { $lt: before } });
      return (await this.#runs.deleteMany({ ...FINAL, claimed_at: { $lt: before } })).deletedCount;
    });
  }

  /** Aborts running calls and refuses new ones. The connection stays open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  async #find(filter: Filter<StoredRun>, options: FindOptions, scope: CallScope): Promise<RunRecord[]> {
    const stored = await this.#read(filter, options, scope);
    return await this.#withHeartbeats(this.#reader.readAll(stored), scope);
  }

  async #read(filter: Filter<StoredRun>, options: FindOptions, scope: CallScope): Promise<Fields[]> {
    const stored: Fields[] = [];
    const cursor = this.#runs.find(filter, { ...options, raw: true, signal: scope.signal });
    for await (const bytes of limitSilence(cursor, scope)) {
      stored.push(readMongoDocument(bytes as unknown as Uint8Array).document);
    }
    return stored;
  }

  async #withHeartbeats(records: RunRecord[], scope: CallScope): Promise<RunRecord[]> {
    if (!records.some(isOpenRun)) return records;
    // Read after the records, so that a living scheduler's heartbeat is newer than they are.
    const schedulers = await this.#schedulers.find({}, { signal: scope.signal }).toArray();
    const seenAt = new Map(schedulers.map(({ _id, seen_at }) => [_id, seen_at]));
    return records.map((record) => isOpenRun(record) ? seen(record, seenAt.get(record.instance)) : record);
  }
}

/** A run whose trigger is unknown counts as one of the schedule. */
function pageFilter({ scheduleId, state, trigger, from, to, after }: PageRunsOptions): Filter<StoredRun> {
  const slot = {
    ...(from !== undefined && { $gte: from }),
    ...(to !== undefined && { $lt: to }),
    ...(after && { $lte: after.slot }),
  };
  return {
    ...(scheduleId !== undefined && { schedule_id: scheduleId }),
    ...(state !== undefined && { state }),
    ...(Object.keys(slot).length > 0 && { slot }),
    ...(after && { $or: [{ slot: { $lt: after.slot } }, { slot: after.slot, id: { $lt: after.id } }] }),
    ...(trigger !== undefined && { attempt: trigger === "retry" ? { $gt: 1 } : { $not: { $gt: 1 } } }),
    ...(trigger === "schedule" && { trigger: { $nin: ["catch-up", "manual"] } }),
    ...((trigger === "manual" || trigger === "catch-up") && { trigger }),
  };
}

/** Returns a record with the time of its scheduler's last heartbeat. */
function seen(record: RunRecord, at: unknown): RunRecord {
  return at instanceof Date && at > record.seenAt ? { ...record, seenAt: at } : record;
}

function toStored(value: string | number | Date, type: RunFieldType): unknown {
  return type === "integer" ? BSON.Long.fromNumber(Number(value)) : value;
}
