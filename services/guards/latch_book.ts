/**
 * The latches of all bots, in memory and in the database.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";
import {
  fromLatchRecord,
  type KeptLatch,
  type Latch,
  type LatchKey,
  type Release,
  toLatchRecord,
} from "./latch.ts";

/** What a {@linkcode LatchBook} needs. */
export interface LatchBookOptions {
  /** The database. */
  readonly records: RecordStore;
  /** The clock. */
  readonly clock: Clock;
}

/** An open latch, as this process knows it. */
export interface OpenLatch extends Latch {
  /** Whether the bot may be stopped for it: not before it is stored, or the database has failed to take it. */
  readonly isSettled: boolean;
  /** Whether the database has it. */
  readonly isStored: boolean;
}

const COLLECTION = "latches";
/** How long the stop of a bot waits for the database, in ms. */
const STORE_LIMIT_MS = 1000;
/** Tries to write a record that others write, too. */
const MAX_TRIES = 5;

/** Opens and releases latches. A latch is stored before it takes effect, if the database answers. */
export class LatchBook {
  readonly #options: LatchBookOptions;
  readonly #open = new Map<string, OpenLatch>();
  readonly #released = new Map<string, Required<KeptLatch>>();
  readonly #turns = new KeyedMutex();
  readonly #closing = new AbortController();
  readonly #retries = new Set<Promise<void>>();
  #isLoaded = false;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode LatchBookOptions}. */
  constructor(options: LatchBookOptions) {
    this.#options = options;
  }

  /** Whether the latches are known. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /**
   * Reads all latches.
   *
   * @param signal Gives up.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async load(signal: AbortSignal): Promise<void> {
    const { records } = this.#options;
    await records.open({ signal });
    const found = await allRecords(records, COLLECTION, { signal });
    for (const record of found) {
      const { latch, release } = fromLatchRecord(record);
      if (release) this.#released.set(record.id, { latch, release });
      else if (!this.#open.has(record.id)) {
        this.#open.set(record.id, { ...latch, isSettled: true, isStored: true });
      }
    }
    this.#isLoaded = true;
  }

  /** Number of open latches. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Gives the open latches of a bot, the oldest first.
   *
   * @param bot Id of the bot. @default {of all bots}
   */
  open(bot?: string): OpenLatch[] {
    const all = [...this.#open.values()].sort((a, b) => a.at < b.at ? -1 : 1);
    return bot === undefined ? all : all.filter((latch) => latch.bot === bot);
  }

  /** Gives the latch of a guard, if it is open. @param key Which. */
  get(key: LatchKey): OpenLatch | undefined {
    return this.#open.get(idOf(key));
  }

  /** Gives the last release of a guard, with what was released. @param key Which. */
  lastRelease(key: LatchKey): Required<KeptLatch> | undefined {
    return this.#released.get(idOf(key));
  }

  /**
   * Opens a latch. If it holds the bot, this process starts the bot no more from now on. Does nothing if it is open,
   * unless it has told somebody only, and holds the bot now.
   *
   * @param latch The latch.
   * @returns Whether it has done anything. Resolves once the bot may be stopped: the latch is stored, or the database has
   *   failed to take it. Never rejects.
   */
  async trip(latch: Latch): Promise<boolean> {
    const id = idOf(latch);
    if (!isMore(latch, this.#open.get(id))) return false;
    const opened: OpenLatch = { ...latch, isSettled: false, isStored: false };
    this.#open.set(id, opened);
    const isStored = await this.#store(latch, STORE_LIMIT_MS);
    // Meanwhile it may have been released, or have come to hold the bot.
    if (this.#open.get(id) !== opened) return true;
    this.#open.set(id, { ...latch, isSettled: true, isStored });
    if (isStored) return true;
    const retry = this.#storeLater(latch).finally(() => this.#retries.delete(retry));
    this.#retries.add(retry);
    return true;
  }

  /**
   * Releases a latch.
   *
   * @param key Which.
   * @param release Who does it and why.
   * @param signal Gives up.
   * @returns The latch; `undefined` if it is not open.
   * @throws {StoreUnavailableError} If the database does not answer. The latch stays open then.
   */
  async release(key: LatchKey, release: Release, signal: AbortSignal): Promise<Latch | undefined> {
    const id = idOf(key);
    return await this.#turns.run(id, async () => {
      const known = this.#open.get(id);
      if (!known) return undefined;
      const { isSettled: _settled, isStored: _stored, ...latch } = known;
      await this.#write({ latch, release }, signal);
      this.#open.delete(id);
      this.#released.set(id, { latch, release });
      return latch;
    });
  }

  /** Tries a last time to store what is not stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#retries);
    const left = [...this.#open.values()].filter(({ isStored }) => !isStored);
    await Promise.all(left.map(async ({ isSettled: _settled, isStored: _stored, ...latch }) => {
      const limit = AbortSignal.timeout(STORE_LIMIT_MS);
      try {
        await Promise.race([this.#write({ latch }, limit), aborted(limit)]);
      } catch (error) {
        const { bot: id, guard } = latch;
        this.#log.error("latch lost: the bot may be started again", { id, guard, problem: messageOf(error) });
      }
    }));
  }

  async #store(latch: Latch, limitMs?: number): Promise<boolean> {
    const { signal } = this.#closing;
    const limit = limitMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const id = idOf(latch);
    const write = this.#turns.run(id, async () => {
      // It may have been released while this waited.
      if (this.#open.has(id)) await this.#write({ latch }, limit);
    });
    try {
      // A driver may hang in spite of the signal.
      await Promise.race([write, aborted(limit)]);
      return true;
    } catch (error) {
      write.catch(() => {});
      this.#log.error("latch not stored: it is kept in memory until the database takes it", {
        id: latch.bot,
        guard: latch.guard,
        problem: messageOf(error),
      });
      return false;
    }
  }

  async #storeLater(latch: Latch): Promise<void> {
    const { signal } = this.#closing;
    const id = idOf(latch);
    for (let failures = 1; this.#open.has(id); failures++) {
      try {
        await this.#options.clock.sleep(backoffMs(failures, RETRY.store), signal);
      } catch {
        return;
      }
      if (!await this.#store(latch, STORE_LIMIT_MS * 10)) continue;
      const open = this.#open.get(id);
      if (open) this.#open.set(id, { ...open, isStored: true });
      this.#log.info("latch stored", { id: latch.bot, guard: latch.guard });
      return;
    }
  }

  async #write(kept: KeptLatch, signal: AbortSignal): Promise<void> {
    const { records } = this.#options;
    const id = idOf(kept.latch);
    const value = toLatchRecord(kept);
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const before = await records.get(COLLECTION, id, { signal });
      // Another process may have opened it first: its reason stays.
      const there = before && fromLatchRecord(before);
      if (there && !there.release && !kept.release && !isMore(kept.latch, there.latch)) return;
      const isWritten = before
        ? await records.replace(COLLECTION, id, before.revision, value, { signal })
        : await records.insert(COLLECTION, id, value, { signal });
      if (isWritten) return;
    }
    throw new Error("another process writes the same record all the time");
  }
}

/** Tells whether a latch does more than one that is open. */
function isMore(latch: Latch, open: Latch | undefined): boolean {
  return !open || (latch.action === "stop" && open.action === "alert");
}

function idOf({ bot, guard }: LatchKey): string {
  return `${bot}/${guard}`;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
