/**
 * Something that has to be done before anything else can.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { OutageLog } from "./outage_log.ts";

/** Options of {@linkcode untilDone}. */
export interface UntilDoneOptions {
  /** Where it is said what is waited for. */
  readonly log: Logger;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** The clock. */
  readonly clock: Clock;
  /** Errors that another try does not mend: the promise rejects with them. @default {none} */
  readonly isFinal?: (error: unknown) => boolean;
}

/**
 * Tries until it succeeds, with growing waits in between.
 *
 * @param name What waits, for the log.
 * @param work What is done.
 * @param options See {@linkcode UntilDoneOptions}.
 * @returns What the work returns.
 * @throws the signal's reason when it is aborted; a final error as it is.
 */
export async function untilDone<T>(
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
  { log, signal, clock, isFinal = () => false }: UntilDoneOptions,
): Promise<T> {
  const outages = new OutageLog(log);
  for (let failures = 0;;) {
    signal.throwIfAborted();
    try {
      const result = await work(signal);
      if (failures > 0) outages.report(name);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      outages.report(name, messageOf(error));
      await clock.sleep(backoffMs(++failures, RETRY.resync), signal);
    }
  }
}
