/**
 * Limits how many runs are active at once.
 *
 * @module
 */

/** A semaphore with named holders. Runs beyond the limit wait in the order in which they asked. */
export class RunPermits {
  readonly #limit: number;
  readonly #held = new Set<string>();
  readonly #waiting = new Set<string>();

  /** @param limit Maximum number of permits, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of runs with a permit. */
  get held(): number {
    return this.#held.size;
  }

  /** Number of runs that wait for a permit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Requests a permit. A run that gets none is queued, and asks again when {@linkcode release} returns it.
   *
   * @param id The run.
   * @returns Whether the run has a permit now.
   */
  tryAcquire(id: string): boolean {
    if (this.#held.has(id)) return true;
    this.#waiting.add(id);
    const isNext = this.#next().includes(id);
    if (isNext) this.acquire(id);
    return isNext;
  }

  /** Gives a permit to a run that is already active, even beyond the limit. @param id The run. */
  acquire(id: string): void {
    this.#waiting.delete(id);
    this.#held.add(id);
  }

  /**
   * Releases a permit, or a place in the queue.
   *
   * @param id The run.
   * @returns The runs that should ask again now.
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
