/**
 * Repeats work at an interval.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";

/** A failed run of a tick's handler. */
export interface TickFailure {
  /** Name of the tick. */
  readonly name: string;
  /** The error that the handler threw. */
  readonly error: unknown;
  /** Number of failed runs in a row, including this one. */
  readonly attempt: number;
  /** Time until the retry, in ms. Absent if the retry is the next regular run. */
  readonly retryInMs?: number;
}

/** Options of {@linkcode tick}. */
export interface TickOptions {
  /** Ends the tick. */
  readonly signal: AbortSignal;
  /**
   * Delays before a failed run is retried, in ms. The last one repeats, so that a server's return is noticed
   * soon, however long it was down.
   *
   * @default none: the next regular run is the retry
   */
  readonly backoffSchedule?: readonly number[];
  /** Ends the current wait early, also between two tries. @default none */
  readonly wakeup?: Wakeup;
  /** @default the system clock */
  readonly clock?: Clock;
  /** Called with each failed run. @default logs an error */
  readonly onError?: (failure: TickFailure) => void;
}

/**
 * Calls a handler at once, and then at every multiple of an interval, until the signal is aborted. Works like
 * `Deno.cron`: runs never overlap, a run that takes longer skips the times it missed, and a failed run is
 * retried by `backoffSchedule`. A wake-up during a run causes another run right after it.
 *
 * @param name Name for reports.
 * @param intervalMs Time from start to start, in ms; more than 0.
 * @param options The signal, and how to retry.
 * @param handler The work. It should end soon when its signal is aborted.
 * @returns Resolves when the signal is aborted and the current run has ended; never rejects.
 */
export async function tick(
  name: string,
  intervalMs: number,
  options: TickOptions,
  handler: (signal: AbortSignal) => Promise<void> | void,
): Promise<void> {
  const { signal, clock = systemClock, wakeup = new Wakeup() } = options;
  // The handler never runs within this call: the caller may not be ready yet.
  await Promise.resolve();
  wakeup.clear();
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    await runWithRetries(name, { ...options, wakeup }, handler);
    const tookMs = clock.monotonic() - startedAt;
    await wakeup.sleep({ ms: intervalMs - tookMs % intervalMs, clock, signal });
  }
}

async function runWithRetries(
  name: string,
  { signal, backoffSchedule = [], clock = systemClock, wakeup, onError = logFailure }:
    & TickOptions
    & Required<Pick<TickOptions, "wakeup">>,
  handler: (signal: AbortSignal) => Promise<void> | void,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await handler(signal);
    } catch (error) {
      // An error after the abort is no failure.
      if (signal.aborted) return;
      const retryInMs = backoffSchedule[attempt - 1] ?? backoffSchedule.at(-1);
      onError({ name, error, attempt, ...(retryInMs !== undefined && { retryInMs }) });
      if (retryInMs === undefined) return;
      await wakeup.sleep({ ms: retryInMs, clock, signal });
    }
  }
}

function logFailure(failure: TickFailure): void {
  getLogger(["berth", "tick"]).error("tick failed", { ...failure });
}
