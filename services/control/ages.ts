/**
 * Measures how long ago something happened, even if the clock is set.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../../lib/util/clock.ts";

/** Maximum number of remembered events. A forgotten event is judged by the wall clock again. */
const MAX_REMEMBERED = 20_000;
/** Differences up to this between the wall clock and elapsed time count as no jump, in ms. */
const JUMP_MS = 1000;

interface Seen {
  /** Its age when it was first seen, in ms. */
  readonly ageMs: number;
  /** When it was first seen, on the monotonic clock. */
  readonly monotonic: number;
}

/**
 * Remembers when each event was first seen on the monotonic clock. Setting the wall clock back then makes
 * nothing wait longer, and setting it forward ends nothing early. A time in the future counts as now.
 */
export class Ages {
  readonly #clock: Clock;
  readonly #seen = new LRUCache<string, Seen>({ max: MAX_REMEMBERED });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Converts the time of an event to the current wall clock.
   *
   * @param key Name of the event.
   * @param at Time of the event, by the wall clock of that moment.
   * @returns `at`, or, if the clock was set since, the time that is as long ago as the event.
   */
  adjust(key: string, at: Date): Date {
    const now = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    // A list of containers may give a rough time, and an inspection the exact one. Each gets an age of its
    // own.
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
