/**
 * A queue of keys, each handled by one worker at a time.
 *
 * @module
 */

import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { QueueMeter } from "./meter.ts";

/** Result of a handler. */
export interface WorkResult {
  /** Handle the key again after this time in ms, unless something adds it earlier. */
  readonly againInMs?: number;
}

/** A failed handling of a key. */
export interface WorkFailure {
  /** The key. */
  readonly key: string;
  /** The error that the handler threw. */
  readonly error: unknown;
  /** Number of failures of this key in a row, including this one. */
  readonly attempt: number;
  /** Time until the retry, in ms. Absent while the queue is being drained. */
  readonly retryInMs?: number;
}

/** Options of a {@linkcode WorkQueue}. */
export interface WorkQueueOptions {
  /**
   * Handles a key. Level-triggered: it acts on the current state, not on what happened, and decides each time
   * when to look again.
   *
   * @param key The key.
   * @param signal Aborted when the queue no longer waits.
   */
  readonly handle: (key: string, signal: AbortSignal) => Promise<WorkResult | void>;
  /** Called with each failure; must not throw. */
  readonly onError: (failure: WorkFailure) => void;
  /** Number of keys handled at once. Most of the time is spent waiting for servers. @default 16 */
  readonly concurrency?: number;
  /** Delay after the first failure, in ms. @default 200 */
  readonly minBackoffMs?: number;
  /**
   * Longest delay after a failure, in ms. Short, because a handler usually fails when a server does not
   * answer, and the server's return should be noticed soon.
   *
   * @default 5000
   */
  readonly maxBackoffMs?: number;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: QueueMeter;
  /** @default the system clock */
  readonly clock?: Clock;
  /** Returns a number from 0 up to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

/** A scheduled handling of a key. */
interface Delay {
  readonly dueAt: number;
  readonly cancel: () => void;
}

/** Failures in a row of a key. */
interface Failures {
  readonly count: number;
  /** The key is not handled before this time, even if it is added. */
  readonly notBefore: number;
}

/**
 * A queue of distinct keys, handled in the order in which they were added. One worker at a time handles a
 * key. A key that is added while it is being handled is handled once more afterwards, however often it was
 * added.
 *
 * A key has at most one delay, the shortest requested. The start of a handling cancels it.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: Required<Omit<WorkQueueOptions, "meter">> & Pick<WorkQueueOptions, "meter">;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #addedMeanwhile = new Set<string>();
  readonly #delays = new Map<string, Delay>();
  readonly #failures = new Map<string, Failures>();
  readonly #givenUp = new AbortController();
  #isDraining = false;
  /** Waits for few keys: called with each end of a handling. */
  readonly #onEnd = new Set<() => void>();

  constructor(options: WorkQueueOptions) {
    this.#options = {
      concurrency: 16,
      minBackoffMs: RETRY.pass.minMs,
      maxBackoffMs: RETRY.pass.maxMs,
      clock: systemClock,
      random: Math.random,
      ...options,
    };
    options.meter?.watchDepth(() => this.depth);
  }

  /** Number of keys that wait for a worker, without delayed keys and those being handled. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Number of keys being handled. */
  get active(): number {
    return this.#running.size;
  }

  /**
   * Waits until at most so many keys wait for a worker or are being handled.
   *
   * @param keys Their number.
   */
  untilAtMost(keys: number): Promise<void> {
    const isSo = () => this.depth + this.active <= keys;
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#onEnd.delete(look);
        resolve();
      };
      this.#onEnd.add(look);
    });
  }

  /**
   * Queues a key, even one that waits for a retry: an event must not wait. Only a key that failed less than
   * half of `minBackoffMs` ago still waits, so that events caused by its own handler cannot make it spin.
   *
   * @param key The key.
   */
  add(key: string): void {
    if (this.#isDraining) return;
    if (this.#running.has(key)) return void this.#addedMeanwhile.add(key);
    const { clock, minBackoffMs } = this.#options;
    const tooSoonMs = (this.#failures.get(key)?.notBefore ?? 0) - clock.monotonic();
    // Setting the clock back must not lengthen the delay.
    if (tooSoonMs > 0) this.addAfter(key, Math.min(tooSoonMs, minBackoffMs / 2));
    else this.#addNow(key);
  }

  /**
   * Queues a key after a delay, unless it is handled earlier.
   *
   * @param key The key.
   * @param ms The delay, in ms.
   */
  addAfter(key: string, ms: number): void {
    if (this.#isDraining || this.#waiting.has(key)) return;
    const { clock } = this.#options;
    const dueAt = clock.monotonic() + ms;
    const earlier = this.#delays.get(key);
    if (earlier && earlier.dueAt <= dueAt) return;
    earlier?.cancel();
    const timer = new AbortController();
    this.#delays.set(key, { dueAt, cancel: () => timer.abort() });
    clock.sleep(ms, timer.signal).then(() => {
      this.#delays.delete(key);
      this.#addNow(key);
    }, () => {});
  }

  /**
   * Forgets the failures and the delay of a key. A key that already waits for a worker is still handled.
   *
   * @param key The key.
   */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#cancelDelay(key);
  }

  /**
   * Starts no more keys, and waits for those being handled. From now on, adding a key does nothing. May be
   * called again.
   *
   * @param options A signal that makes handlers give up when it is aborted.
   * @returns Resolves when no handler is running; never rejects.
   */
  async drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#isDraining = true;
    this.#waiting.clear();
    this.#addedMeanwhile.clear();
    this.#failures.clear();
    for (const key of [...this.#delays.keys()]) this.#cancelDelay(key);
    const giveUp = () => this.#givenUp.abort(signal!.reason);
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    await Promise.allSettled(this.#running.values());
    signal?.removeEventListener("abort", giveUp);
  }

  /** Aborts the running handlers and waits for them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain({ signal: AbortSignal.abort(new DOMException("The queue was closed.", "AbortError")) });
  }

  #addNow(key: string): void {
    if (this.#running.has(key)) return void this.#addedMeanwhile.add(key);
    this.#waiting.add(key);
    this.#beginWaiting();
  }

  #beginWaiting(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#cancelDelay(key);
      this.#running.set(key, this.#handle(key));
    }
  }

  async #handle(key: string): Promise<void> {
    // A handler never runs within the call that added its key.
    await Promise.resolve();
    const { clock, meter } = this.#options;
    const beganAt = clock.monotonic();
    let result: WorkResult | void = undefined;
    let failure: WorkFailure | undefined;
    try {
      result = await this.#options.handle(key, this.#givenUp.signal);
      this.#failures.delete(key);
    } catch (error) {
      failure = this.#failed(key, error);
    }
    this.#running.delete(key);
    meter?.passed(clock.monotonic() - beganAt, failure !== undefined);
    if (failure && !this.#givenUp.signal.aborted) this.#options.onError(failure);
    const againInMs = failure?.retryInMs ?? result?.againInMs;
    if (againInMs !== undefined) this.addAfter(key, againInMs);
    if (this.#addedMeanwhile.delete(key)) this.add(key);
    this.#beginWaiting();
    for (const look of this.#onEnd) look();
  }

  #failed(key: string, error: unknown): WorkFailure {
    const { clock, random, minBackoffMs: minMs, maxBackoffMs: maxMs } = this.#options;
    const attempt = (this.#failures.get(key)?.count ?? 0) + 1;
    if (this.#isDraining) return { key, error, attempt };
    this.#failures.set(key, { count: attempt, notBefore: clock.monotonic() + minMs / 2 });
    return { key, error, attempt, retryInMs: backoffMs(attempt, { minMs, maxMs, random }) };
  }

  #cancelDelay(key: string): void {
    this.#delays.get(key)?.cancel();
    this.#delays.delete(key);
  }
}
