/**
 * What a store has answered last, for when it does not answer.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import { messageOf } from "./message_of.ts";

/** How long a store is waited for where it has answered before, in ms: for what is asked, and then for any answer. */
const PATIENCE_MS = 1_000;
/** A store that has just not answered is waited for shorter, in ms, for so long. */
const SILENT_PATIENCE_MS = 100;
const SILENT_MS = 10_000;

/** How many answers are remembered. */
const MAX_KEYS = 10_000;

/** How something is found. */
export interface LookUp<T> {
  /** Asks the store; may take any time. */
  readonly find: () => Promise<T>;
  /** Asks the store for as little as possible: rejects when it does not answer. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>;
  /** Whether what was found last is of use. */
  readonly isUsable: (last: T) => boolean;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Remembers answers by key. A store that fails or hangs is told from one that takes its time by a probe. */
export class LastKnown<T extends NonNullable<unknown>> {
  readonly #known = new LRUCache<string, T>({ max: MAX_KEYS });
  #silentUntil = -Infinity;
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Finds something, or takes what was found last when the store does not answer.
   *
   * @param key What is looked for.
   * @param lookUp How it is found.
   * @returns What was found now, or last.
   * @throws What `find` throws, where the store answers or nothing was found before.
   */
  async find(key: string, { find, probe, isUsable, signal }: LookUp<T>): Promise<T> {
    const finding = find().then((found) => {
      this.#known.set(key, found);
      return found;
    });
    const last = this.#known.get(key);
    if (last === undefined || !isUsable(last)) return await finding;
    const hasFailed = finding.then(() => false, () => true);
    const patience = new AbortController();
    const patienceMs = performance.now() < this.#silentUntil ? SILENT_PATIENCE_MS : PATIENCE_MS;
    const isLate = delay(patienceMs, true, patience).catch(() => true);
    const isInTime = await Promise.race([hasFailed.then((failed) => !failed), isLate.then(() => false)]);
    patience.abort();
    if (isInTime) return await finding;
    signal?.throwIfAborted();
    try {
      const limit = AbortSignal.timeout(patienceMs);
      await probe(signal ? AbortSignal.any([signal, limit]) : limit);
    } catch (error) {
      signal?.throwIfAborted();
      this.#silentUntil = performance.now() + SILENT_MS;
      this.#log.warn("the object store does not answer: what was fetched last is used", {
        key,
        problem: messageOf(error),
      });
      return last;
    }
    return await finding;
  }
}
