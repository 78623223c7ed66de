/**
 * Makes time a parameter, so that tests need not wait.
 *
 * @module
 */

/** Longest delay of a timer, in ms: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A clock with timers. */
export interface Clock {
  /** The time, in ms since the epoch. */
  now(): number;
  /** Monotonic time, in ms since an arbitrary moment. */
  monotonic(): number;
  /**
   * Waits.
   *
   * @param ms Duration in ms; at least one turn of the event loop.
   * @param signal Cancels the wait; the promise rejects with the signal's reason, and no timer is left.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let rest = ms;
    for (; rest > LONGEST_TIMER_MS; rest -= LONGEST_TIMER_MS) await sleepOnce(LONGEST_TIMER_MS, signal);
    await sleepOnce(rest, signal);
  },
};

function sleepOnce(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
