/**
 * Changes that nobody else keeps.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import { type ChangeDelivery, MAX_CONCURRENT_CHANGES } from "./change_delivery.ts";

/** So many changes are kept at most. */
const MAX_QUEUED_CHANGES = 10_000;

interface Entry {
  readonly change: BotChange;
  readonly settle: (wasTaken: boolean) => void;
  attempt: number;
  dueAt: number;
  isGiven: boolean;
}

/** Options of {@linkcode ChangeQueue}. */
export interface ChangeQueueOptions {
  /** The clock. */
  readonly clock: Clock;
  /** Ends it: what is left is given up. */
  readonly signal: AbortSignal;
  /** How many changes are kept at most. @default {10_000} */
  readonly limit?: number;
}

/**
 * Keeps changes in memory until they are taken. One that is not taken is given again later and does not hold up
 * those of other bots; those of its own bot wait behind it.
 */
export class ChangeQueue {
  readonly #options: ChangeQueueOptions;
  readonly #wakeup = new Wakeup();
  readonly #entries: Entry[] = [];

  /** @param options See {@linkcode ChangeQueueOptions}. */
  constructor(options: ChangeQueueOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => {
      for (const { isGiven, settle } of this.#entries) if (!isGiven) settle(false);
    }, { once: true });
  }

  /**
   * Adds a change.
   *
   * @param change The change.
   * @returns Resolves to whether it was taken, `false` when it was given up; `undefined` when there is no room.
   */
  add(change: BotChange): Promise<boolean> | undefined {
    const { clock, signal, limit = MAX_QUEUED_CHANGES } = this.#options;
    if (signal.aborted) return Promise.resolve(false);
    if (this.#entries.length >= limit) return undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#entries.push({ change, settle: resolve, attempt: 1, dueAt: clock.monotonic(), isGiven: false });
    this.#wakeup.wake();
    return promise;
  }

  /** Whether a change of this bot waits. @param id The bot's id. */
  has(id: string): boolean {
    return this.#entries.some(({ change }) => change.id === id);
  }

  /** Gives the changes, until the signal is aborted. @param delivery To whom. */
  async run(delivery: ChangeDelivery): Promise<void> {
    const { signal } = this.#options;
    const given = new Set<Promise<void>>();
    while (!signal.aborted) {
      const isFull = given.size >= MAX_CONCURRENT_CHANGES;
      const entry = isFull ? undefined : this.#nextReady();
      if (!entry) {
        await this.#wakeup.sleep({ ...this.#options, ...(!isFull && this.#untilNext()) });
        continue;
      }
      const one = this.#give(entry, delivery).finally(() => {
        given.delete(one);
        this.#wakeup.wake();
      });
      given.add(one);
    }
    await Promise.all(given);
  }

  async #give(entry: Entry, delivery: ChangeDelivery): Promise<void> {
    const { clock, signal } = this.#options;
    entry.isGiven = true;
    const delayMs = await delivery.give(entry.change, entry.attempt).catch((error) => {
      if (!signal.aborted) throw error;
      return 0;
    });
    entry.isGiven = false;
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

  /** Looks for an entry among the oldest of each bot, where that one is not under way. */
  #firsts(isWanted: (entry: Entry) => boolean): Entry | undefined {
    const seen = new Set<string>();
    for (const entry of this.#entries) {
      if (seen.has(entry.change.id)) continue;
      if (!entry.isGiven && isWanted(entry)) return entry;
      seen.add(entry.change.id);
    }
    return undefined;
  }
}
