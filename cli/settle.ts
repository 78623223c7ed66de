/**
 * Waiting for work, on the way to an orderly end.
 *
 * @module
 */

/**
 * Like `Promise.all`, but nothing is still under way when it rejects: what is cleaned up next must not be
 * made at the same time.
 *
 * @param work The promises.
 * @returns Their values.
 * @throws The first reason, when one or more rejected.
 */
export async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return settled.map((outcome) => (outcome as PromiseFulfilledResult<T>).value);
}

/**
 * Resolves when the work is done or the signal is given, whichever is first; rejects when the work fails first.
 *
 * @param work The work. It goes on.
 * @param signal The signal.
 */
export function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const done = () => resolve();
    signal.addEventListener("abort", done, { once: true });
    work.then(done, reject).finally(() => signal.removeEventListener("abort", done));
  });
}
