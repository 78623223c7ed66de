/**
 * Puts lines on this machine's monotonic clock, at the time at which they were printed.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";

/** A line that arrives this much later than others, in ms, was held up on its way. */
const LATE_MS = 1_000;
/** If all lines are late for this long, in ms, the reason is a clock that was changed, and not a delay. */
const SETTLED_MS = 10_000;

/**
 * Knows when lines were printed, also if they wait: while this process is frozen (SIGSTOP, a busy machine), they queue.
 * The engine's clock may differ from this machine's, so the age of a line is compared with the smallest age before.
 */
export class LineTimes {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  /** The smallest age of a line when it arrived, in ms; negative if the engine's clock is ahead. */
  #least = Infinity;
  /** The smallest age since all lines are late, and since when that is. */
  #late: { least: number; readonly since: number } | undefined;
  #last = -Infinity;

  /** @param clock The clock. */
  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
  }

  /**
   * Returns when a line was printed, by the monotonic clock in ms. Later lines are never before earlier ones.
   *
   * @param time Its time, as the engine writes it.
   * @param isLive Whether lines arrive as they are printed. Others were stored, perhaps long ago.
   */
  timeOf(time: string, isLive: boolean): number {
    const now = this.#clock.monotonic();
    const ageMs = this.#clock.now() - Date.parse(time);
    // A time that cannot be read is no reason to lose the line.
    const delayMs = Number.isNaN(ageMs) ? 0 : Math.max(0, isLive ? this.#delayOf(ageMs, now) : ageMs);
    return this.#last = Math.max(this.#last, now - delayMs);
  }

  /** Records that time has passed without a line. @param at Monotonic, in ms: later lines are not before. */
  advance(at: number): void {
    this.#last = Math.max(this.#last, at);
  }

  #delayOf(ageMs: number, now: number): number {
    this.#least = Math.min(this.#least, ageMs);
    const delayMs = ageMs - this.#least;
    if (delayMs < LATE_MS) {
      this.#late = undefined;
      return delayMs;
    }
    this.#late ??= { least: ageMs, since: now };
    this.#late.least = Math.min(this.#late.least, ageMs);
    if (now - this.#late.since >= SETTLED_MS) {
      this.#least = this.#late.least;
      this.#late = undefined;
    }
    return ageMs - this.#least;
  }
}
