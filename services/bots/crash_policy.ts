/**
 * When a bot that exited, or could not be started, is started again.
 *
 * @module
 */

import { backoffMs } from "../../lib/util/backoff.ts";

/** Wait after the first start in a row. */
const FIRST_DELAY_MS = 1000;
/** Longest wait. */
const LONGEST_DELAY_MS = 5 * 60_000;
/** A bot that ran for so long was healthy: what was before does not count. */
const HEALTHY_AFTER_MS = 10 * 60_000;

/** What follows a start that is over. */
export interface Restart {
  /** How long to wait after its end, in ms. */
  readonly delayMs: number;
  /** How many starts in a row the next one will be. */
  readonly attempt: number;
}

/**
 * Decides on the next start: after 1 s, doubling to 5 min, and back to 1 s after 10 min of health.
 *
 * @param attempt How many starts in a row there were, the one that is over included; at least 1.
 * @param ranForMs How long it ran, in ms; 0 for one that failed to start.
 * @returns When and as what to start again.
 */
export function crashPolicy(attempt: number, ranForMs: number): Restart {
  const inARow = ranForMs >= HEALTHY_AFTER_MS ? 1 : Math.max(1, attempt);
  return {
    delayMs: backoffMs(inARow, { minMs: FIRST_DELAY_MS, maxMs: LONGEST_DELAY_MS }),
    attempt: inARow + 1,
  };
}
