/**
 * Stores backtests in the small records of the database.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import {
  backtestId,
  type BacktestRecord,
  isOpenBacktest,
  readBacktest,
  writeBacktest,
} from "./backtest_record.ts";

/** A backtest and its revision. */
export interface StoredBacktest {
  /** The backtest. */
  readonly record: BacktestRecord;
  /** Changes with each write. */
  readonly revision: number;
}

/** Which backtests to list. */
export interface ListBacktestsOptions extends RepositoryCallOptions {
  /** Only those for which it returns true. @default all */
  readonly filter?: (record: BacktestRecord) => boolean;
  /** Only those requested before the one with this id. @default all */
  readonly after?: string;
  /** Maximum number. @default 100 */
  readonly limit?: number;
}

/** How much history each bot keeps; both limits apply. */
export interface BacktestRetention {
  /** Maximum number of ended backtests. */
  readonly maxRecords: number;
  /** Maximum age since the request, in ms. */
  readonly maxAgeMs: number;
}

const COLLECTION = "backtests";
/** One entry for each open backtest, so that finding them does not read the history. */
const OPEN = "backtests-open";
const PAGE_SIZE = 200;
/** The write of a request takes less than this, in ms. */
const CUT_OFF_MS = 60 * 60_000;

/** The backtests. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export class BacktestRepository {
  readonly #records: RecordStore;
  readonly #log = getLogger(["berth", "backtests"]);
  readonly #reported = new Set<string>();
  #opened: Promise<void> | undefined;

  /** @param records The small records. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Prepares the records once. @param options A signal. */
  async open(options?: RepositoryCallOptions): Promise<void> {
    const opening = this.#opened ??= this.#records.open(options);
    opening.catch(() => this.#opened = undefined);
    await opening;
  }

  /** Adds a backtest to the queue. @param record The backtest. @param options A signal. */
  async insert(record: BacktestRecord, options?: RepositoryCallOptions): Promise<void> {
    await this.open(options);
    // The entry comes first: a backtest without one would wait forever.
    await this.#records.insert(OPEN, record.id, {}, options);
    await this.#records.insert(COLLECTION, record.id, writeBacktest(record), options);
  }

  /** Reads a backtest; `undefined` if there is none. @param id Its id. @param options A signal. */
  async get(id: string, options?: RepositoryCallOptions): Promise<StoredBacktest | undefined> {
    await this.open(options);
    const stored = await this.#records.get(COLLECTION, id, options);
    return stored && this.#read(stored);
  }

  /**
   * Lists the open backtests, and forgets the entries of those that have ended.
   *
   * @param options A signal.
   * @returns The backtests in the order of the requests.
   */
  async listOpen(options?: RepositoryCallOptions): Promise<StoredBacktest[]> {
    await this.open(options);
    const open: StoredBacktest[] = [];
    let after: string | undefined;
    while (true) {
      const page = await this.#records.list(OPEN, { ...options, limit: PAGE_SIZE, after: after ?? "" });
      for (const { id } of page) {
        const stored = await this.get(id, options);
        if (stored && isOpenBacktest(stored.record)) open.push(stored);
        // A request that is being written has its entry first.
        else if (stored) await this.#records.delete(OPEN, id, options);
      }
      if (page.length < PAGE_SIZE) return open;
      after = page.at(-1)!.id;
    }
  }

  /**
   * Lists backtests, the latest request first.
   *
   * @param options See {@linkcode ListBacktestsOptions}.
   * @returns At most `limit` backtests.
   */
  async list(
    { filter = () => true, after, limit = 100, ...options }: ListBacktestsOptions = {},
  ): Promise<BacktestRecord[]> {
    await this.open(options);
    const found: BacktestRecord[] = [];
    let before = after;
    while (true) {
      const page = await this.#records.list(COLLECTION, {
        ...options,
        limit: PAGE_SIZE,
        descending: true,
        ...(before !== undefined && { after: before }),
      });
      for (const stored of page) {
        const record = this.#read(stored)?.record;
        if (record && filter(record)) found.push(record);
        if (found.length === limit) return found;
      }
      if (page.length < PAGE_SIZE) return found;
      before = page.at(-1)!.id;
    }
  }

  /**
   * Replaces a backtest if nobody has changed it since it was read.
   *
   * @param stored The backtest as it was read.
   * @param change The changed fields.
   * @param options A signal.
   * @returns The backtest as it is now; `undefined` if another one was faster.
   */
  async replace(
    { record, revision }: StoredBacktest,
    change: Partial<BacktestRecord>,
    options?: RepositoryCallOptions,
  ): Promise<StoredBacktest | undefined> {
    const changed = { ...record, ...change };
    const value = writeBacktest(changed);
    if (!await this.#records.replace(COLLECTION, record.id, revision, value, options)) return undefined;
    if (!isOpenBacktest(changed)) await this.#records.delete(OPEN, record.id, options);
    return { record: changed, revision: revision + 1 };
  }

  /**
   * Changes a backtest, even if another process changes it at the same time.
   *
   * @param id Its id.
   * @param change Returns the changed fields; `undefined` for none.
   * @param options A signal.
   * @returns The backtest after that; `undefined` if there is none.
   */
  async update(
    id: string,
    change: (record: BacktestRecord) => Partial<BacktestRecord> | undefined,
    options?: RepositoryCallOptions,
  ): Promise<StoredBacktest | undefined> {
    for (let stored = await this.get(id, options); stored; stored = await this.get(id, options)) {
      const fields = change(stored.record);
      const changed = fields ? await this.replace(stored, fields, options) : stored;
      if (changed) return changed;
    }
    return undefined;
  }

  /**
   * Removes ended backtests beyond the limits.
   *
   * @param retention The limits.
   * @param now Current time in ms since the epoch.
   * @param options A signal.
   */
  async trim(
    { maxRecords, maxAgeMs }: BacktestRetention,
    now: number,
    options?: RepositoryCallOptions,
  ): Promise<void> {
    const kept = new Map<string, number>();
    const surplus: string[] = [];
    await this.list({
      ...options,
      limit: Infinity,
      filter: (record) => {
        if (isOpenBacktest(record)) return false;
        const count = (kept.get(record.executable.id) ?? 0) + 1;
        kept.set(record.executable.id, count);
        if (count > maxRecords || now - record.queuedAt.getTime() > maxAgeMs) surplus.push(record.id);
        return false;
      },
    });
    for (const id of surplus) await this.#records.delete(COLLECTION, id, options);
    // The archive that an interrupted request left.
    const bound = backtestId(now - CUT_OFF_MS, "");
    for (const { id } of await this.#records.list(OPEN, { ...options, limit: PAGE_SIZE })) {
      if (id < bound && !await this.get(id, options)) await this.#records.delete(OPEN, id, options);
    }
  }

  /** Reads one record; a damaged one affects no other. */
  #read({ id, revision, value }: StoredRecord): StoredBacktest | undefined {
    const record = readBacktest(id, value);
    if (record) return { record, revision };
    if (!this.#reported.has(id)) this.#log.warn("the record of a backtest is damaged and left out", { id });
    this.#reported.add(id);
    return undefined;
  }
}
