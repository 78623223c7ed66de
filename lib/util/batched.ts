/**
 * Combines concurrent calls to a server into batches.
 *
 * @module
 */

import DataLoader from "dataloader";
import { systemClock } from "./clock.ts";
import { settledWithin } from "./settled_within.ts";

/** Functions that {@linkcode batched} calls. */
export interface BatchedOptions<K, V> {
  /** Sends one call. */
  readonly alone: (key: K) => Promise<V>;
  /**
   * Sends several calls as one.
   *
   * @param keys At least two; may contain duplicates.
   * @returns The results in the order of the keys; `undefined` if each call has to be sent alone, for example
   * because one of them is at fault and must not fail the others.
   */
  readonly together: (keys: readonly K[]) => Promise<readonly V[] | undefined>;
}

/** Maximum number of calls in one batch. */
const MAX_BATCH_SIZE = 64;
/** Longest wait for the batch under way, in ms, so that a hanging batch does not hold up later calls. */
const MAX_WAIT_MS = 100;

/**
 * Batches the calls that arrive while the previous batch is under way. A single call is sent at once.
 *
 * @param options How to send calls.
 * @returns A function that sends a call and settles as that call does.
 */
export function batched<K, V>({ alone, together }: BatchedOptions<K, V>): (key: K) => Promise<V> {
  let underWay: Promise<void> = Promise.resolve();
  const each = (keys: readonly K[]) =>
    Promise.all(keys.map((key) => alone(key).catch((error: Error): V | Error => error)));
  const send = async (keys: readonly K[]) =>
    (keys.length > 1 ? await together(keys) : undefined) ?? await each(keys);
  const loader = new DataLoader<K, V>((keys) => {
    const sent = send(keys);
    // Does not keep the result, which may be large.
    underWay = sent.then(() => {}, () => {});
    return sent;
  }, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    batchScheduleFn: (callback) => void settledWithin(underWay, MAX_WAIT_MS, systemClock).then(callback),
  });
  return (key) => loader.load(key);
}
