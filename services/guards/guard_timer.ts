/**
 * The timer of guards that time alone may trip.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";

/** Dependencies of {@linkcode GuardTimer}. */
export interface GuardTimerOptions {
  /** The clock. */
  readonly clock: Clock;
  /** Whether time would trip a guard. Changes nothing. @param at Monotonic time, in ms. */
  readonly wouldTrip: (at: number) => boolean;
  /** Resolves once every line that the engine has now was given to the guards. */
  readonly syncLines: () => Promise<void>;
  /** Called when the time has come. @param isSure False if the engine does not say what was printed. */
  readonly onTime: (isSure: boolean) => void;
}

/** When to check again if the engine does not say what was printed, in ms. */
export const RECHECK_MS = 5_000;

/** One timer. Before time trips a guard, whatever was printed is read. */
export class GuardTimer {
  readonly #options: GuardTimerOptions;
  #running: { readonly at: number; readonly stop: AbortController } | undefined;

  /** @param options See {@linkcode GuardTimerOptions}. */
  constructor(options: GuardTimerOptions) {
    this.#options = options;
  }

  /**
   * Sets it. It may come early, and is set again then.
   *
   * @param at Monotonic time, in ms; `Infinity` for never.
   */
  set(at: number): void {
    if (this.#running && this.#running.at <= at && at !== Infinity) return;
    this.cancel();
    if (at === Infinity) return;
    const { clock } = this.#options;
    const stop = new AbortController();
    this.#running = { at, stop };
    clock.sleep(Math.max(0, at - clock.monotonic()), stop.signal).then(
      () => this.#end(stop.signal),
      () => {},
    );
  }

  /** Cancels it. */
  cancel(): void {
    this.#running?.stop.abort();
    this.#running = undefined;
  }

  /** It stays set while lines are read, so that it can be cancelled. */
  async #end(signal: AbortSignal): Promise<void> {
    const { clock, wouldTrip, syncLines, onTime } = this.#options;
    const isSure = !wouldTrip(clock.monotonic()) || await syncLines().then(() => true, () => false);
    if (signal.aborted) return;
    this.#running = undefined;
    onTime(isSure);
  }
}
