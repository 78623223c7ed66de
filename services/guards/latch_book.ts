/**
 * The latches of all bots, in memory and in the database.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { RecordStore } from "../records/record_store.ts";
import { isMore, type KeptLatch, type Latch, latchId, type LatchKey, type Release } from "./latch.ts";
import { LatchStore } from "./latch_store.ts";
import { LatchWriter, STORE_LIMIT_MS } from "./latch_writer.ts";
import { UnstoredLatches } from "./unstored_latches.ts";

/** Dependencies of {@linkcode LatchBook}. */
export interface LatchBookOptions {
  /** The database. */
  readonly records: RecordStore;
  /** The clock. */
  readonly clock: Clock;
  /** Absolute path of the file for what the database does not take. @default {there is none} */
  readonly latchFile?: string | undefined;
}

/** An open latch, as this process knows it. */
export interface OpenLatch extends Latch {
  /** Whether the bot may be stopped for it: not before it is stored, or the database has failed to take it. */
  readonly isSettled: boolean;
  /** Whether the database has it. */
  readonly isStored: boolean;
}

/** Opens and releases latches. A latch is stored before it takes effect: in the database, or else in a file. */
export class LatchBook {
  readonly #clock: Clock;
  readonly #store: LatchStore;
  readonly #writer: LatchWriter;
  readonly #file: UnstoredLatches;
  readonly #open = new Map<string, OpenLatch>();
  readonly #released = new Map<string, Required<KeptLatch>>();
  #isLoaded = false;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode LatchBookOptions}. */
  constructor({ records, clock, latchFile }: LatchBookOptions) {
    this.#clock = clock;
    this.#store = new LatchStore(records);
    this.#file = new UnstoredLatches(latchFile);
    this.#writer = new LatchWriter({
      store: this.#store,
      clock,
      isOpen: (latch) => this.#openAs(latch) !== undefined,
      onStored: (latch) => {
        this.#noteStored(latch);
        return this.#keepUnstored();
      },
    });
  }

  /** Whether the latches are known. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /**
   * Reads all latches.
   *
   * @param signal Cancels the call.
   * @throws {StoreUnavailableError} If the database does not answer.
   * @throws {Error} If the file cannot be read.
   */
  async load(signal: AbortSignal): Promise<void> {
    for (const kept of await this.#store.readAll(signal)) this.#take(kept);
    for (const latch of await this.#file.read()) this.#takeUnstored(latch);
    await this.#keepUnstored();
    this.#isLoaded = true;
  }

  /**
   * Reads the latches of one bot, which another process may have opened.
   *
   * @param bot Id of the bot.
   * @param signal Cancels the call.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async reload(bot: string, signal: AbortSignal): Promise<void> {
    for (const kept of await this.#store.readOf(bot, signal)) this.#take(kept);
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
    return this.#open.get(latchId(key));
  }

  /** Gives the last release of a guard, with what was released. @param key Which. */
  lastRelease(key: LatchKey): Required<KeptLatch> | undefined {
    return this.#released.get(latchId(key));
  }

  /**
   * Opens a latch. If it holds the bot, this process starts the bot no more from now on. Does nothing if it is open,
   * unless it has only alerted people so far, and holds the bot now.
   *
   * @param latch The latch.
   * @returns Whether it has done anything. Resolves once the bot may be stopped: the latch is stored, or the database has
   *   failed to take it. Never rejects.
   */
  async trip(latch: Latch): Promise<boolean> {
    const id = latchId(latch);
    if (!isMore(latch, this.#open.get(id))) return false;
    const opened: OpenLatch = { ...latch, isSettled: false, isStored: false };
    this.#open.set(id, opened);
    const isStored = await this.#writer.tryOnce(latch);
    // Meanwhile it may have been released, or have come to hold the bot.
    if (this.#open.get(id) !== opened) return true;
    if (!isStored) {
      // A disk that hangs must not keep the bot running.
      await settledWithin(this.#keepUnstored(), STORE_LIMIT_MS, this.#clock);
      if (this.#open.get(id) !== opened) return true;
    }
    this.#open.set(id, { ...latch, isSettled: true, isStored });
    if (!isStored) this.#writer.keepTrying(latch);
    return true;
  }

  /**
   * Releases a latch.
   *
   * @param key Which.
   * @param release The caller, and the reason.
   * @param signal Cancels the call.
   * @returns The latch; `undefined` if it is not open.
   * @throws {StoreUnavailableError} If the database does not answer. The latch stays open then.
   */
  async release(key: LatchKey, release: Release, signal: AbortSignal): Promise<Latch | undefined> {
    const id = latchId(key);
    return await this.#writer.exclusively(key, async () => {
      const known = this.#open.get(id);
      if (!known) return undefined;
      const latch = toLatch(known);
      await this.#store.write({ latch, release }, signal);
      this.#open.delete(id);
      this.#released.set(id, { latch, release });
      await this.#keepUnstored();
      return latch;
    });
  }

  /** Tries a last time to store what is not stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await Promise.all(
      this.#unstored().map(async (latch) => {
        if (await this.#writer.tryLast({ latch })) this.#noteStored(latch);
      }),
    );
    const isKept = await this.#keepUnstored();
    for (const { bot: id, guard } of isKept ? [] : this.#unstored()) {
      this.#log.error("latch lost: the bot may be started again", { id, guard });
    }
  }

  #take({ latch, release }: KeptLatch): void {
    const id = latchId(latch);
    if (!release) {
      if (isMore(latch, this.#open.get(id))) {
        this.#open.set(id, { ...latch, isSettled: true, isStored: true });
      }
      return;
    }
    this.#released.set(id, { latch, release });
    // Another process has released what this one knows of.
    if (this.#open.get(id)?.isStored && this.#open.get(id)?.at === latch.at) this.#open.delete(id);
  }

  /** A latch in the file may have reached the database, and may have been released since. */
  #takeUnstored(latch: Latch): void {
    const id = latchId(latch);
    if (this.#released.get(id)?.latch.at === latch.at || !isMore(latch, this.#open.get(id))) return;
    this.#open.set(id, { ...latch, isSettled: true, isStored: false });
    this.#writer.keepTrying(latch);
  }

  #unstored(): Latch[] {
    return [...this.#open.values()].filter(({ isStored }) => !isStored).map(toLatch);
  }

  #keepUnstored(): Promise<boolean> {
    return this.#file.keep(this.#unstored());
  }

  #noteStored(latch: Latch): void {
    const open = this.#openAs(latch);
    if (open) this.#open.set(latchId(latch), { ...open, isStored: true });
  }

  /** Finds the open latch that is this very one; absent if it is released, or another one has taken its place. */
  #openAs(latch: Latch): OpenLatch | undefined {
    const open = this.get(latch);
    return open?.at === latch.at && open.action === latch.action ? open : undefined;
  }
}

function toLatch({ isSettled: _settled, isStored: _stored, ...latch }: OpenLatch): Latch {
  return latch;
}
