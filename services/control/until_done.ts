/**
 * Retries work until it succeeds.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { type OutageListener, OutageLog } from "./outage_log.ts";

/** Options of {@linkcode untilDone}. */
export interface UntilDoneOptions {
  /** Receives the reason for waiting. */
  readonly log: Logger;
  /** Ends the retries. */
  readonly signal: AbortSignal;
  /** The clock. */
  readonly clock: Clock;
  /** Whether an error is final, so that a retry cannot help. @default no error is final */
  readonly isFinal?: (error: unknown) => boolean;
  /** Called with each failed try, and when it works again. @default {nothing is called} */
  readonly onOutage?: OutageListener;
}

/**
 * Retries work until it succeeds, with growing delays.
 *
 * @param name Name of the work, for the log.
 * @param work The work.
 * @param options The log, the clock and the signal.
 * @returns The result of the work.
 * @throws {unknown} The signal's reason, if it is aborted; else a final error.
 */
export async function untilDone<T>(
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
  { log, signal, clock, isFinal = () => false, onOutage }: UntilDoneOptions,
): Promise<T> {
  const outages = new OutageLog(log, onOutage);
  for (let failures = 0;;) {
    signal.throwIfAborted();
    try {
      const result = await work(signal);
      if (failures > 0) outages.report(name);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      outages.report(name, error);
      await clock.sleep(backoffMs(++failures, RETRY.resync), signal);
    }
  }
}
