/**
 * How long ago something happened, whatever becomes of the clock.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../../lib/util/clock.ts";

/** So many are remembered; one that is forgotten is judged by the clock again. */
const MAX_REMEMBERED = 20_000;
/** Differences between the clock and the time that has passed that are no jump, in ms. */
const JUMP_MS = 1000;

interface Seen {
  /** How old it was when it was first seen, in ms. */
  readonly ageMs: number;
  /** When that was, on the monotonic clock. */
  readonly monotonic: number;
}

/**
 * Remembers when each thing was first seen on the monotonic clock. A clock that is set back makes nothing wait longer,
 * and one that is set forward lets nothing end sooner. A time that lies in the future counts as now.
 */
export class Ages {
  readonly #clock: Clock;
  readonly #seen = new LRUCache<string, Seen>({ max: MAX_REMEMBERED });

  /** @param clock The clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Where a time stands on the clock as it is now.
   *
   * @param key What happened then.
   * @param at When, by the clock as it was then.
   * @returns `at` itself, or, after the clock was set, the time that is as long ago as it really is.
   */
  adjust(key: string, at: Date): Date {
    const now = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    // A list of containers may give a rough time, and a look at one of them the exact one: each has an age of its own.
    const event = `${key} ${at.getTime()}`;
    let seen = this.#seen.get(event);
    if (!seen) {
      seen = { ageMs: Math.max(0, now - at.getTime()), monotonic };
      this.#seen.set(event, seen);
    }
    const then = now - (seen.ageMs + monotonic - seen.monotonic);
    return Math.abs(then - at.getTime()) > JUMP_MS ? new Date(then) : at;
  }
}
