/**
 * Elapsed time that is never measured as shorter than it was.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** A point in time, on both clocks of a machine. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Milliseconds on the clock that never goes back. */
  readonly monotonicMs: number;
}

/**
 * Reads both clocks.
 *
 * @param clock The clock.
 */
export function momentOf(clock: Pick<Clock, "now" | "monotonic">): Moment {
  return { nowMs: clock.now(), monotonicMs: clock.monotonic() };
}

/**
 * Returns how long ago a moment was at most, in ms: one clock stands still while the machine is suspended, and the other
 * can be set back.
 *
 * @param clock The clock.
 * @param since The moment.
 */
export function elapsedMs(clock: Pick<Clock, "now" | "monotonic">, since: Moment): number {
  return Math.max(clock.now() - since.nowMs, clock.monotonic() - since.monotonicMs);
}
