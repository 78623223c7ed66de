/**
 * Whether this process was kept from running: frozen by a signal, or suspended with its machine.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";

/** A moment, by both clocks. */
export interface Moment {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** How often it looks, in ms. */
const LOOK_MS = 1_000;
/** A process that did not look for longer was kept from running, in ms. */
export const PAUSE_MS = 10_000;

/** Compares when it looks with when it meant to. */
export class PauseDetector {
  readonly #clock: Clock;
  #lookedAt: Moment;
  #pauses = 0;

  /** @param clock The clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = this.moment();
  }

  /** How often the process was kept from running, this moment included. */
  count(): number {
    if (this.elapsedMs(this.#lookedAt) > PAUSE_MS) this.#pauses++;
    this.#lookedAt = this.moment();
    return this.#pauses;
  }

  /** This moment. */
  moment(): Moment {
    return { nowMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() };
  }

  /**
   * How long ago a moment was at most, in ms: one clock stands still while the machine is suspended, and the other can be
   * set back.
   *
   * @param since The moment.
   */
  elapsedMs({ nowMs, monotonicMs }: Moment): number {
    return Math.max(this.#clock.now() - nowMs, this.#clock.monotonic() - monotonicMs);
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
