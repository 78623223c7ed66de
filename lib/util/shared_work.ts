/**
 * Work that several callers wait for.
 *
 * @module
 */

import { abortable } from "./promises.ts";

interface Running<T> {
  readonly done: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** Lets callers who want the same at the same time share one piece of work. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * Joins the work under way for a key, or begins it.
   *
   * @param key What is wanted.
   * @param work Does it. Its signal is given when nobody waits for it any more.
   * @param signal Gives up waiting. Who is the last to do so waits until the work has ended, so that nothing of
   * it goes on.
   * @returns What the work returns.
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
