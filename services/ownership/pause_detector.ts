/**
 * Detects that this process was kept from running: frozen by a signal, or suspended with its machine.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { elapsedMs, type Moment, momentOf } from "../../lib/util/moment.ts";

/** Interval between two looks in ms. */
const LOOK_MS = 1_000;
/** A process that did not look for longer, in ms, was kept from running. */
export const PAUSE_MS = 10_000;

/** Compares when it looks with when it meant to. */
export class PauseDetector {
  readonly #clock: Clock;
  #lookedAt: Moment;
  #pauses = 0;

  /** @param clock The clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = momentOf(clock);
  }

  /** Returns how often the process was kept from running, up to this moment. */
  count(): number {
    if (elapsedMs(this.#clock, this.#lookedAt) > PAUSE_MS) this.#pauses++;
    this.#lookedAt = momentOf(this.#clock);
    return this.#pauses;
  }

  /**
   * Looks again and again. Never rejects.
   *
   * @param signal Ends it.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, signal).catch(() => {});
      this.count();
    }
  }
}
