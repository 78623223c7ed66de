/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/util/clock.ts";

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** A clock that is moved by hand. */
export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** @param now The time that it shows at first, in ms since the epoch. */
  constructor(now: number = 0) {
    this.#now = now;
  }

  /** How many wait on it. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** {@inheritDoc Clock.now} */
  now(): number {
    return this.#now;
  }

  /** {@inheritDoc Clock.monotonic} */
  monotonic(): number {
    return this.#monotonic;
  }

  /** {@inheritDoc Clock.sleep} */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal!.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const sleeper = { dueAt: this.#now + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Sets the clock without waking anybody, as an administrator does. @param now The time in ms since the epoch. */
  set(now: number): void {
    const shift = now - this.#now;
    this.#now = now;
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const { dueAt, wake } of sleepers) this.#sleepers.add({ dueAt: dueAt + shift, wake });
  }

  /**
   * Lets time pass while nothing runs: sleepers that are due are woken when the clock is moved next.
   *
   * @param ms How much, in ms.
   * @param isSuspended Whether the whole machine stands still, so that only the clock on the wall goes on.
   */
  freeze(ms: number, { isSuspended = false }: { readonly isSuspended?: boolean } = {}): void {
    if (isSuspended) this.set(this.#now + ms);
    else this.#moveTo(this.#now + ms);
  }

  /**
   * Lets time pass: wakes sleepers that are due, in order, and lets each do what it can before the next.
   *
   * @param ms How much, in ms.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#moveTo(Math.max(this.#now, next.dueAt));
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#moveTo(end);
  }

  #moveTo(now: number): void {
    this.#monotonic += now - this.#now;
    this.#now = now;
  }

  #next(end: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueAt <= end && (!next || sleeper.dueAt < next.dueAt)) next = sleeper;
    }
    return next;
  }
}

/** Resolves once every promise that can be settled without time or I/O is settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
