/**
 * Keeps the watches of deployments in the database, so that they survive a restart of the service.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";

/** A watch. */
export interface Watch {
  /** Number of the watched revision. */
  readonly revision: number;
  /** When it began: RFC 3339. */
  readonly from: string;
  /** When it ends: RFC 3339. */
  readonly until: string;
  /** The caller that deployed. */
  readonly actor: string;
  /**
   * Its state: `watching`; `going-back` once the bot has failed; `well` if it ran to the end of the watch; `went-back`;
   * `broken` if there was nothing to go back to; `overtaken` if something else was deployed meanwhile.
   */
  readonly state: "watching" | "going-back" | "well" | "went-back" | "broken" | "overtaken";
  /** Why it is in this state. */
  readonly reason?: string;
  /** Number of the revision that the service has brought back. */
  readonly restored?: number;
}

/** An open watch. */
export interface OpenWatch {
  /** Id of the bot. */
  readonly id: string;
  /** The watch. */
  readonly watch: Watch;
  /** Changes with each write. */
  readonly revision: number;
}

/** The open watches, one for each bot, so that finding them reads nothing else. */
const OPEN = "watches-open";
/** How the last watch of each bot ended. */
const ENDED = "watches-ended";
const MAX_OPEN = 1000;

/** The watches. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export class WatchRecords {
  readonly #records: RecordStore;

  /** @param records The database. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Lists the open watches. @param options A signal. */
  async listOpen(options: RepositoryCallOptions = {}): Promise<OpenWatch[]> {
    const records = await this.#records.list(OPEN, { ...options, limit: MAX_OPEN });
    return records.map(({ id, revision, value }) => ({ id, revision, watch: toWatch(value) }));
  }

  /** Reads the current or the last watch of a bot. @param id Its id. @param options A signal. */
  async get(id: string, options: RepositoryCallOptions = {}): Promise<Watch | undefined> {
    const record = await this.#records.get(OPEN, id, options) ?? await this.#records.get(ENDED, id, options);
    return record && toWatch(record.value);
  }

  /** Begins a watch, instead of an earlier one of the bot. @param id Its id. @param watch The watch. @param options A signal. */
  async begin(id: string, watch: Watch, options: RepositoryCallOptions = {}): Promise<void> {
    await this.#put(OPEN, id, watch, options);
    await this.#records.delete(ENDED, id, options);
  }

  /**
   * Says that the service goes back, unless another process was faster.
   *
   * @param open The watch as it was read.
   * @param reason Why.
   * @param options A signal.
   * @returns The watch as it is now; `undefined` if another process has changed it.
   */
  async claim(
    { id, watch, revision }: OpenWatch,
    reason: string,
    options: RepositoryCallOptions = {},
  ): Promise<OpenWatch | undefined> {
    const changed: Watch = { ...watch, state: "going-back", reason };
    if (!await this.#records.replace(OPEN, id, revision, { ...changed }, options)) return undefined;
    return { id, watch: changed, revision: revision + 1 };
  }

  /** Ends a watch. @param id Id of the bot. @param watch The watch as it ended. @param options A signal. */
  async end(id: string, watch: Watch, options: RepositoryCallOptions = {}): Promise<void> {
    await this.#put(ENDED, id, watch, options);
    await this.#records.delete(OPEN, id, options);
  }

  /** Forgets the watches of a bot. @param id Its id. @param options A signal. */
  async forget(id: string, options: RepositoryCallOptions = {}): Promise<void> {
    for (const collection of [OPEN, ENDED]) await this.#records.delete(collection, id, options);
  }

  async #put(collection: string, id: string, watch: Watch, options: RepositoryCallOptions): Promise<void> {
    while (!await this.#records.insert(collection, id, { ...watch }, options)) {
      await this.#records.delete(collection, id, options);
    }
  }
}

function toWatch(value: StoredRecord["value"]): Watch {
  return value as unknown as Watch;
}
