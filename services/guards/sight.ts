/**
 * Whether the lines of a run can be seen now.
 *
 * @module
 */

/** Knows since when nobody can see what a container prints: no connection, or the container is paused. */
export class Sight {
  #isConnected = false;
  #isPaused = false;
  #blindSince: number | undefined;

  /** @param at Monotonic time of the beginning, in ms. Nothing is seen before the first connection. */
  constructor(at: number) {
    this.#blindSince = at;
  }

  /** Whether lines arrive as they are printed. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether no line can be seen. */
  get isBlind(): boolean {
    return this.#blindSince !== undefined;
  }

  /**
   * Records a change.
   *
   * @param change The difference.
   * @param at Monotonic time, in ms.
   * @returns For how long nothing could be seen, in ms, if that is over now.
   */
  note(
    { isConnected = this.#isConnected, isPaused = this.#isPaused }: {
      readonly isConnected?: boolean;
      readonly isPaused?: boolean;
    },
    at: number,
  ): number | undefined {
    this.#isConnected = isConnected;
    this.#isPaused = isPaused;
    if (!isConnected || isPaused) {
      this.#blindSince ??= at;
      return undefined;
    }
    const blindMs = this.#blindSince === undefined ? undefined : at - this.#blindSince;
    this.#blindSince = undefined;
    return blindMs;
  }
}
