/**
 * Limits the wait for a server whose earlier answer will do.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** How long after an unanswered call the shorter limit applies, in ms. */
const OUTAGE_MS = 10_000;

/** Options of an {@linkcode AnswerLimit}. */
export interface AnswerLimitOptions {
  /** How long a call may take, in ms. */
  readonly limitMs: number;
  /** The same, in ms, for ten seconds after a call that was not answered. */
  readonly outageLimitMs: number;
  /** The time. */
  readonly clock: Pick<Clock, "monotonic">;
}

/** One call with a limit. */
export interface LimitedCall {
  /** Aborts the call when its time is over. */
  readonly signal: AbortSignal;
  /** Reports that the server did not answer, so that calls from now on give up sooner. */
  miss(): void;
}

/**
 * The time that a server has for an answer. It is short for a while after a call that was not answered, so that an outage
 * does not cost each call the whole limit.
 */
export class AnswerLimit {
  readonly #options: AnswerLimitOptions;
  #outageEndsAt = -Infinity;

  /** @param options See {@linkcode AnswerLimitOptions}. */
  constructor(options: AnswerLimitOptions) {
    this.#options = options;
  }

  /** Begins a call. @returns Its limit. */
  begin(): LimitedCall {
    const { limitMs, outageLimitMs, clock } = this.#options;
    const isOutage = clock.monotonic() < this.#outageEndsAt;
    return {
      signal: AbortSignal.timeout(isOutage ? outageLimitMs : limitMs),
      miss: () => {
        // A short limit that was missed renews nothing: a server that is only slow gets the longer one again.
        if (!isOutage) this.#outageEndsAt = clock.monotonic() + OUTAGE_MS;
      },
    };
  }
}
