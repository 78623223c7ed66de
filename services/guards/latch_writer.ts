/**
 * Brings latches into the database, however long it is down.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { type KeptLatch, type Latch, latchId, type LatchKey } from "./latch.ts";
import type { LatchStore } from "./latch_store.ts";

/** Options of {@linkcode LatchWriter}. */
export interface LatchWriterOptions {
  /** The latches in the database. */
  readonly store: Pick<LatchStore, "write">;
  /** The clock. */
  readonly clock: Clock;
  /** Whether it is this latch that is open, and none that has taken its place: another one is not written. */
  readonly isOpen: (latch: Latch) => boolean;
  /** Called when a latch that was tried again is in the database. */
  readonly onStored: (latch: Latch) => Promise<unknown>;
}

/** How long one try may take, in ms: the first one, for which the stop of the bot waits, and later ones. */
export const STORE_LIMIT_MS = 1000;
const RETRY_LIMIT_MS = 10_000;

/** Writes one record after another of the same latch. */
export class LatchWriter implements AsyncDisposable {
  readonly #options: LatchWriterOptions;
  readonly #turns = new KeyedMutex();
  readonly #closing = new AbortController();
  readonly #retries = new Set<Promise<void>>();
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode LatchWriterOptions}. */
  constructor(options: LatchWriterOptions) {
    this.#options = options;
  }

  /**
   * Does something while nothing else is written of a latch.
   *
   * @param key The latch.
   * @param work Does it.
   */
  exclusively<T>(key: LatchKey, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(latchId(key), work);
  }

  /** Tries once. @param latch The latch. @returns Whether the database has it; never rejects. */
  tryOnce(latch: Latch): Promise<boolean> {
    return this.#try(latch, STORE_LIMIT_MS);
  }

  /** Tries again and again until the database has it. Returns at once. @param latch The latch. */
  keepTrying(latch: Latch): void {
    const retry = this.#storeLater(latch).finally(() => this.#retries.delete(retry));
    this.#retries.add(retry);
  }

  /** Ends all tries. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#retries);
  }

  /**
   * Tries a last time at the end of the process.
   *
   * @param kept The latch.
   * @returns Whether the database has it; never rejects.
   */
  async tryLast(kept: KeptLatch): Promise<boolean> {
    const limit = AbortSignal.timeout(STORE_LIMIT_MS);
    return await Promise.race([this.#options.store.write(kept, limit), aborted(limit)])
      .then(() => true, () => false);
  }

  async #try(latch: Latch, limitMs: number): Promise<boolean> {
    const { store, isOpen } = this.#options;
    const limit = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(limitMs)]);
    const write = this.exclusively(latch, async () => {
      // It may have been released, or have come to hold the bot, while this waited.
      if (isOpen(latch)) await store.write({ latch }, limit);
    });
    try {
      // A driver may hang in spite of the signal.
      await Promise.race([write, aborted(limit)]);
      return true;
    } catch (error) {
      write.catch(() => {});
      this.#log.error("latch not in the database: tried again until it is", {
        id: latch.bot,
        guard: latch.guard,
        problem: messageOf(error),
      });
      return false;
    }
  }

  async #storeLater(latch: Latch): Promise<void> {
    const { clock, isOpen, onStored } = this.#options;
    for (let failures = 1; isOpen(latch); failures++) {
      try {
        await clock.sleep(backoffMs(failures, RETRY.store), this.#closing.signal);
      } catch {
        return;
      }
      if (!await this.#try(latch, RETRY_LIMIT_MS)) continue;
      if (!isOpen(latch)) return;
      await onStored(latch);
      this.#log.info("latch stored", { id: latch.bot, guard: latch.guard });
      return;
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
