/**
 * Waits for promises with a time limit.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** Made once: an error takes longer to make than all else here. */
const OVER = new DOMException("The wait is over", "AbortError");

/**
 * Waits until a promise is fulfilled or rejected, up to a time limit.
 *
 * @param promise The promise.
 * @param ms Time limit in ms.
 * @param clock The clock.
 * @returns Whether the promise settled in time.
 */
export async function settledWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const settled = promise.then(() => true, () => true);
  const isSettled = await Promise.race([
    settled,
    clock.sleep(ms, over.signal).then(() => false, () => false),
  ]);
  over.abort(OVER);
  return isSettled;
}
