/**
 * Queues changes in memory, for sources that do not redeliver them.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import { type ChangeDelivery, MAX_CONCURRENT_CHANGES } from "./change_delivery.ts";

/** How many changes the queue holds at most, by default. */
const MAX_QUEUED_CHANGES = 10_000;

interface Entry {
  readonly change: BotChange;
  readonly settle: (wasApplied: boolean) => void;
  attempt: number;
  dueAt: number;
  isInDelivery: boolean;
}

/** Options of {@linkcode ChangeQueue}. */
export interface ChangeQueueOptions {
  /** The clock. */
  readonly clock: Clock;
  /** Ends the queue: the changes that are left are dropped. */
  readonly signal: AbortSignal;
  /** How many changes the queue holds at most. @default {10_000} */
  readonly limit?: number;
}

/**
 * Keeps changes in memory until they are applied. A change that fails is delivered again later. It does not hold up
 * changes of other bots; those of its own bot wait behind it.
 */
export class ChangeQueue {
  readonly #options: ChangeQueueOptions;
  readonly #wakeup = new Wakeup();
  readonly #entries: Entry[] = [];

  constructor(options: ChangeQueueOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => {
      for (const { isInDelivery, settle } of this.#entries) if (!isInDelivery) settle(false);
    }, { once: true });
  }

  /**
   * Adds a change.
   *
   * @param change The change.
   * @returns Resolves to whether the change was applied, `false` if it was dropped; `undefined` if the queue is full.
   */
  add(change: BotChange): Promise<boolean> | undefined {
    const { clock, signal, limit = MAX_QUEUED_CHANGES } = this.#options;
    if (signal.aborted) return Promise.resolve(false);
    if (this.#entries.length >= limit) return undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#entries.push({
      change,
      settle: resolve,
      attempt: 1,
      dueAt: clock.monotonic(),
      isInDelivery: false,
    });
    this.#wakeup.wake();
    return promise;
  }

  /** Tells whether a change of a bot waits. @param id The bot's id. */
  has(id: string): boolean {
    return this.#entries.some(({ change }) => change.id === id);
  }

  /** Delivers the changes until the signal is aborted. @param delivery Takes them. */
  async run(delivery: ChangeDelivery): Promise<void> {
    const { signal } = this.#options;
    const inDelivery = new Set<Promise<void>>();
    while (!signal.aborted) {
      const isFull = inDelivery.size >= MAX_CONCURRENT_CHANGES;
      const entry = isFull ? undefined : this.#nextReady();
      if (!entry) {
        await this.#wakeup.sleep({ ...this.#options, ...(!isFull && this.#untilNext()) });
        continue;
      }
      const one = this.#deliver(entry, delivery).finally(() => {
        inDelivery.delete(one);
        this.#wakeup.wake();
      });
      inDelivery.add(one);
    }
    await Promise.all(inDelivery);
  }

  async #deliver(entry: Entry, delivery: ChangeDelivery): Promise<void> {
    const { clock, signal } = this.#options;
    entry.isInDelivery = true;
    const delayMs = await delivery.deliver(entry.change, entry.attempt).catch((error) => {
      if (!signal.aborted) throw error;
      return 0;
    });
    entry.isInDelivery = false;
    if (delayMs === undefined) {
      this.#entries.splice(this.#entries.indexOf(entry), 1);
      entry.settle(true);
    } else {
      entry.attempt++;
      entry.dueAt = clock.monotonic() + delayMs;
      if (signal.aborted) entry.settle(false);
    }
  }

  #nextReady(): Entry | undefined {
    const now = this.#options.clock.monotonic();
    return this.#firsts((entry) => entry.dueAt <= now);
  }

  #untilNext(): { readonly ms?: number } {
    let dueAt = Infinity;
    this.#firsts((entry) => {
      dueAt = Math.min(dueAt, entry.dueAt);
      return false;
    });
    return dueAt === Infinity ? {} : { ms: Math.max(1, dueAt - this.#options.clock.monotonic()) };
  }

  /** Finds an entry among the oldest of each bot, leaving out bots whose oldest entry is in delivery. */
  #firsts(isWanted: (entry: Entry) => boolean): Entry | undefined {
    const seen = new Set<string>();
    for (const entry of this.#entries) {
      if (seen.has(entry.change.id)) continue;
      if (!entry.isInDelivery && isWanted(entry)) return entry;
      seen.add(entry.change.id);
    }
    return undefined;
  }
}
