/**
 * Limits the number of functions that run at the same time.
 *
 * @module
 */

/** Runs a limited number of functions at the same time; the others wait in order. */
export class Limiter {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param limit Largest number of functions that run at the same time, at least 1.
   */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Calls a function once its turn comes.
   *
   * @param work The function.
   * @param signal Cancels the wait for the turn, not the function.
   * @param holdMs Time after which a running function no longer counts, in ms. @default {until it settles}
   * @returns The result of the function.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal, holdMs?: number): Promise<T> {
    await this.#acquire(signal);
    let isHeld = true;
    const release = () => {
      if (isHeld) this.#release();
      isHeld = false;
    };
    const timer = holdMs === undefined ? undefined : setTimeout(release, holdMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }

  #acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(turn);
    });
  }
}
