/**
 * Bounded waiting.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * Waits until a promise is settled, whichever way, but not longer than allowed.
 *
 * @param promise The promise.
 * @param ms How long to wait at most, in ms.
 * @param clock The clock.
 * @returns Whether it was settled in time.
 */
export async function settledWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const settled = promise.then(() => true, () => true);
  const isSettled = await Promise.race([
    settled,
    clock.sleep(ms, over.signal).then(() => false, () => false),
  ]);
  over.abort();
  return isSettled;
}
