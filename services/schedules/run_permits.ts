/**
 * How many runs go at once.
 *
 * @module
 */

/** Lets so many runs go at once; the others wait in the order in which they asked. */
export class RunPermits {
  readonly #limit: number;
  readonly #held = new Set<string>();
  readonly #waiting = new Set<string>();

  /**
   * Makes one that nobody has a permit of.
   *
   * @param limit How many, at least 1.
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many runs have one. */
  get held(): number {
    return this.#held.size;
  }

  /** How many runs wait for one. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Asks for a permit. Whoever does not get one waits, and asks again when it is its turn.
   *
   * @param id The run.
   * @returns Whether it has one now.
   */
  tryAcquire(id: string): boolean {
    if (this.#held.has(id)) return true;
    this.#waiting.add(id);
    const isNext = this.#next().includes(id);
    if (isNext) this.acquire(id);
    return isNext;
  }

  /**
   * Gives a permit to a run that goes already, also beyond the limit.
   *
   * @param id The run.
   */
  acquire(id: string): void {
    this.#waiting.delete(id);
    this.#held.add(id);
  }

  /**
   * Takes a permit, or a place among those that wait, back.
   *
   * @param id The run.
   * @returns Those that should ask again now.
   */
  release(id: string): string[] {
    const wasKnown = this.#held.delete(id) || this.#waiting.delete(id);
    this.#waiting.delete(id);
    return wasKnown ? this.#next() : [];
  }

  #next(): string[] {
    return [...this.#waiting].slice(0, Math.max(0, this.#limit - this.#held.size));
  }
}
