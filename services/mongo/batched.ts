/**
 * Calls to a server that are made together when they come together.
 *
 * @module
 */

import DataLoader from "dataloader";
import { systemClock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";

/** How {@linkcode batched} makes its calls. */
export interface BatchedOptions<K, V> {
  /** Makes one call. */
  readonly alone: (key: K) => Promise<V>;
  /**
   * Makes several as one.
   *
   * @param keys At least two; one may be there twice.
   * @returns What came of each, in their order; `undefined` when each has to be made by itself, for example because
   * one of them is at fault: that must not be the others' failure.
   */
  readonly together: (keys: readonly K[]) => Promise<readonly V[] | undefined>;
}

/** So many are made together. */
const MAX_BATCH_SIZE = 64;
/** Longest wait for the call that is under way, in ms: one that hangs must not hold up those that come later. */
const MAX_WAIT_MS = 100;

/**
 * Makes one call of those that come while the last is under way. One that comes alone is made at once.
 *
 * @returns Makes a call, and rejects as that does.
 */
export function batched<K, V>({ alone, together }: BatchedOptions<K, V>): (key: K) => Promise<V> {
  let underWay: Promise<void> = Promise.resolve();
  const each = (keys: readonly K[]) =>
    Promise.all(keys.map((key) => alone(key).catch((error: Error): V | Error => error)));
  const send = async (keys: readonly K[]) =>
    (keys.length > 1 ? await together(keys) : undefined) ?? await each(keys);
  const loader = new DataLoader<K, V>((keys) => {
    const sent = send(keys);
    // Without what it answers, which may be large.
    underWay = sent.then(() => {}, () => {});
    return sent;
  }, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    batchScheduleFn: (callback) => void settledWithin(underWay, MAX_WAIT_MS, systemClock).then(callback),
  });
  return (key) => loader.load(key);
}
