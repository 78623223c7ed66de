/**
 * One at a time, for each key.
 *
 * @module
 */

/** Lets functions of the same key run one after the other, in order; those of other keys are not held up. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Calls a function when those before it of the same key are done, however they ended.
   *
   * @param key The key.
   * @param work The function.
   * @returns What the function returns.
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
