/**
 * Bounds how much is done at the same time.
 *
 * @module
 */

/** Lets at most so many functions run at once; the others wait in order. */
export class Limiter {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param limit How many, at least 1.
   */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Calls a function when its turn has come.
   *
   * @param work The function.
   * @param signal Gives up the place in the queue; a function that was called goes on.
   * @param holdMs After so long, in ms, a function that goes on counts no more. @default {until it has ended}
   * @returns What the function returns.
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
