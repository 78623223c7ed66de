/**
 * A sleep that can be ended.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** How long to sleep. */
export interface WakeupOptions {
  /** The longest sleep, in ms. @default {until it is woken} */
  readonly ms?: number;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the sleep. */
  readonly signal: AbortSignal;
}

/** Lets one loop sleep until there is something to do. */
export class Wakeup {
  #isWoken = false;
  #resolve: (() => void) | undefined;

  /** Ends the sleep. When nobody sleeps, the next sleep ends at once. */
  wake(): void {
    this.#isWoken = true;
    this.#resolve?.();
  }

  /** Says that what begins now is what it was woken for. */
  clear(): void {
    this.#isWoken = false;
  }

  /** Sleeps. Resolves however the sleep ends. @param options See {@linkcode WakeupOptions}. */
  async sleep({ ms, clock, signal }: WakeupOptions): Promise<void> {
    if (!this.#isWoken && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const over = new AbortController();
      this.#resolve = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
      const timer = ms === undefined ? [] : [clock.sleep(ms, over.signal).catch(() => {})];
      await Promise.race([promise, ...timer]);
      over.abort();
    }
    this.#isWoken = false;
  }
}
