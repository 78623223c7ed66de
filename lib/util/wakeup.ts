/**
 * A sleep that can be ended early.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** Options of {@linkcode Wakeup.sleep}. */
export interface WakeupOptions {
  /** Longest sleep, in ms. @default {until it is woken} */
  readonly ms?: number;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the sleep. */
  readonly signal: AbortSignal;
}

/** Lets one loop sleep until there is work. */
export class Wakeup {
  #isWoken = false;
  #resolve: (() => void) | undefined;

  /** Ends the sleep. If the loop does not sleep, its next sleep ends at once. */
  wake(): void {
    this.#isWoken = true;
    this.#resolve?.();
  }

  /** Clears a pending wake-up. */
  clear(): void {
    this.#isWoken = false;
  }

  /** Sleeps. Always resolves, however the sleep ends. @param options See {@linkcode WakeupOptions}. */
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
