/**
 * Keeps the threads of searches for a while: starting one takes longer than most searches.
 *
 * @module
 */

import { SearchWorker } from "./search_worker.ts";

/** Threads that searches share, one search at a time each. They end once nobody has searched for a while. */
export class SearchWorkers implements Disposable {
  readonly #idleMs: number;
  readonly #free: SearchWorker[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param idleMs Time after which idle threads end, in ms. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Takes threads out. Disposing of the result brings them back. @param count How many. */
  take(count: number): { readonly workers: readonly SearchWorker[] } & Disposable {
    clearTimeout(this.#timer);
    const workers = Array.from({ length: count }, () => this.#free.pop() ?? new SearchWorker());
    return { workers, [Symbol.dispose]: () => this.#bringBack(workers) };
  }

  /** Ends the threads. Those that are taken end when they are brought back. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const worker of this.#free.splice(0)) worker[Symbol.dispose]();
  }

  #bringBack(workers: readonly SearchWorker[]): void {
    for (const worker of workers) {
      if (this.#isClosed || worker.isBroken) worker[Symbol.dispose]();
      else this.#free.push(worker);
    }
    clearTimeout(this.#timer);
    if (this.#free.length === 0) return;
    this.#timer = setTimeout(() => {
      for (const worker of this.#free.splice(0)) worker[Symbol.dispose]();
    }, this.#idleMs);
  }
}
