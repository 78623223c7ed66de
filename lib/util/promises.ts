/**
 * Combines promises with each other and with signals.
 *
 * @module
 */

/**
 * Waits for a promise, and stops waiting if a signal is aborted first. The work behind the promise goes on.
 *
 * @param promise The promise.
 * @param signal Stops the wait.
 * @returns The promise's value.
 * @throws {unknown} The promise's rejection, or the signal's reason.
 */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Waits until a promise is fulfilled or a signal is aborted, whichever is first.
 *
 * @param promise The promise.
 * @param signal Ends the wait without an error.
 * @throws {unknown} The promise's rejection, if it comes first.
 */
export async function doneOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await abortable(promise, signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

/**
 * Waits until all promises are settled. Unlike `Promise.all`, it rejects only when no work is under way any more, so
 * that cleaning up cannot collide with it.
 *
 * @param promises The promises.
 * @returns Their values.
 * @throws {unknown} The first rejection in the order of the array.
 */
export async function allSettledOrThrow<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const outcomes: readonly PromiseSettledResult<unknown>[] = await Promise.allSettled(promises);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  // All are fulfilled by now.
  return await Promise.all(promises);
}
