/**
 * The latches in the database.
 *
 * @module
 */

import { batched } from "../../lib/util/batched.ts";
import { abortable } from "../../lib/util/promises.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";
import { fromLatchRecord, isMore, type KeptLatch, latchId, toLatchRecord } from "./latch.ts";

const COLLECTION = "latches";
/** Tries to write a record that others write, too. */
const MAX_TRIES = 5;

/** Reads and writes latches. Every method rejects with a `StoreUnavailableError` if the database does not answer. */
export class LatchStore {
  readonly #records: RecordStore;
  /** Bots that start at the same time share one list of all latches: there are never many. */
  readonly #readOf = batched<string, KeptLatch[]>({
    alone: (bot) => this.#list(`${bot}/`),
    together: async (bots) => {
      const all = Map.groupBy(await this.#list(), ({ latch }) => latch.bot);
      return bots.map((bot) => all.get(bot) ?? []);
    },
  });

  /** @param records The database. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Reads all latches. @param signal Cancels the call. */
  async readAll(signal: AbortSignal): Promise<KeptLatch[]> {
    await this.#records.open({ signal });
    return await abortable(this.#list(), signal);
  }

  /** Reads the latches of a bot. @param bot Id of the bot. @param signal Cancels the call. */
  async readOf(bot: string, signal: AbortSignal): Promise<KeptLatch[]> {
    return await abortable(this.#readOf(bot), signal);
  }

  async #list(prefix = ""): Promise<KeptLatch[]> {
    return (await allRecords(this.#records, COLLECTION, { prefix })).map(fromLatchRecord);
  }

  /**
   * Writes a latch, or its release.
   *
   * @param kept The latch.
   * @param signal Cancels the call.
   */
  async write(kept: KeptLatch, signal: AbortSignal): Promise<void> {
    const id = latchId(kept.latch);
    const value = toLatchRecord(kept);
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const before = await this.#records.get(COLLECTION, id, { signal });
      // Another process may have opened it first: its reason stays.
      const there = before && fromLatchRecord(before);
      if (there && !there.release && !kept.release && !isMore(kept.latch, there.latch)) return;
      const isWritten = before
        ? await this.#records.replace(COLLECTION, id, before.revision, value, { signal })
        : await this.#records.insert(COLLECTION, id, value, { signal });
      if (isWritten) return;
    }
    throw new Error("another process writes the same record all the time");
  }
}
