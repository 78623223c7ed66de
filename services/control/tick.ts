/**
 * Something that is done again and again.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";

/** A run of a tick's handler that failed. */
export interface TickFailure {
  /** Name of the tick. */
  readonly name: string;
  /** What the handler threw. */
  readonly error: unknown;
  /** How many runs in a row have failed, this one included. */
  readonly attempt: number;
  /** When it is tried again, in ms from now; absent when the next try is the next regular run. */
  readonly retryInMs?: number;
}

/** Options of {@linkcode tick}. */
export interface TickOptions {
  /** Ends the tick. */
  readonly signal: AbortSignal;
  /**
   * Waits before a run that failed is tried again, in ms: one entry a try, and the last one again and again, so that
   * what was away is noticed soon after its return, however long it was.
   *
   * @default {none: the next try is the next regular run}
   */
  readonly backoffSchedule?: readonly number[];
  /** Ends each wait, that between two tries too. @default {only time does} */
  readonly wakeup?: Wakeup;
  /** Clock to go by. @default {the machine's} */
  readonly clock?: Clock;
  /** Called with each run that failed. @default {logs it as an error} */
  readonly onError?: (failure: TickFailure) => void;
}

/**
 * Calls a handler at once, and then at each multiple of an interval from there, until the signal is given. It
 * looks like `Deno.cron`: runs never overlap (a run that takes longer skips the times that it missed), and one
 * that fails is tried again as `backoffSchedule` says; whatever happens, the tick goes on. One that is woken during a
 * run has another one follow at once.
 *
 * @param name Name for reports.
 * @param intervalMs From start to start, in ms; more than 0.
 * @param options See {@linkcode TickOptions}.
 * @param handler What is done. It is given the signal, and should end soon when that is aborted.
 * @returns Resolves when the signal is aborted and a handler that is under way has ended; never rejects.
 */
export async function tick(
  name: string,
  intervalMs: number,
  options: TickOptions,
  handler: (signal: AbortSignal) => Promise<void> | void,
): Promise<void> {
  const { signal, clock = systemClock, wakeup = new Wakeup() } = options;
  // The handler never runs inside the call: the caller may not have what it needs yet.
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
      // What a handler throws when it was given up is no failure.
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
