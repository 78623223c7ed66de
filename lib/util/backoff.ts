/**
 * How long to wait before the next try.
 *
 * @module
 */

/** Options of {@linkcode backoffMs}. */
export interface BackoffOptions {
  /** The wait after the first try, in ms. */
  readonly minMs: number;
  /** The longest wait, in ms. */
  readonly maxMs: number;
  /**
   * Gives a number from 0 up to 1, and takes with it up to half of the wait away: those that failed together do
   * not come back together.
   *
   * @default {no jitter}
   */
  readonly random?: () => number;
}

/**
 * The wait after a try that failed: doubled with each try, up to a limit.
 *
 * @param attempt How many tries in a row have failed, at least 1.
 * @param options See {@linkcode BackoffOptions}.
 * @returns The wait in ms.
 */
export function backoffMs(attempt: number, { minMs, maxMs, random }: BackoffOptions): number {
  const wait = Math.min(maxMs, minMs * 2 ** (attempt - 1));
  return random ? wait * (1 - random() / 2) : wait;
}
