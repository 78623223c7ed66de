/**
 * A mutex for each key.
 *
 * @module
 */

/** Runs functions of the same key one after the other, in order. Functions of other keys do not wait. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Calls a function once all earlier functions of the same key have settled.
   *
   * @param key The key.
   * @param work The function.
   * @returns The result of the function.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before ? before.then(work, work) : work();
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
