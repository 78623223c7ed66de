/**
 * Shares work between callers that want the same result.
 *
 * @module
 */

import { abortable } from "./promises.ts";

interface Running<T> {
  readonly done: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** Runs work once for all callers that want the same result at the same time. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * Joins the work in progress for a key, or begins it.
   *
   * @param key Key of the result.
   * @param work Does the work. Its signal aborts once no caller waits any more.
   * @param signal Cancels the wait. The last caller to cancel waits until the work has ended, so that nothing of it
   * continues.
   * @returns The result of the work.
   */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.callers++;
    try {
      return await abortable(running.done, signal);
    } finally {
      if (--running.callers === 0) {
        this.#forget(key, running);
        running.abort.abort(signal?.reason);
        await Promise.allSettled([running.done]);
      }
    }
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const running = { done: work(abort.signal), abort, callers: 0 };
    this.#running.set(key, running);
    const forget = () => this.#forget(key, running);
    running.done.then(forget, forget);
    return running;
  }

  #forget(key: string, running: Running<T>): void {
    if (this.#running.get(key) === running) this.#running.delete(key);
  }
}
