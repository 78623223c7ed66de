/**
 * Keys that something has to be done about, each by one worker at a time.
 *
 * @module
 */

import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";

/** What a handler may answer. */
export interface WorkResult {
  /** Handle the key again after so many ms, if nothing adds it before. */
  readonly againInMs?: number;
}

/** A handling of a key that failed. */
export interface WorkFailure {
  /** The key. */
  readonly key: string;
  /** What the handler threw. */
  readonly error: unknown;
  /** How many handlings of this key in a row have failed, this one included. */
  readonly attempt: number;
  /** When it is handled again, in ms from now; absent when the queue is being drained. */
  readonly retryInMs?: number;
}

/** Options of a {@linkcode WorkQueue}. */
export interface WorkQueueOptions {
  /**
   * Handles a key. It is level-triggered: it looks at the state of things, not at what happened, and decides
   * anew each time when it has to look again.
   *
   * @param key The key.
   * @param signal Aborted when the work is given up.
   */
  readonly handle: (key: string, signal: AbortSignal) => Promise<WorkResult | void>;
  /** Called with each handling that failed; must not throw. */
  readonly onError: (failure: WorkFailure) => void;
  /** How many keys are handled at once. Most of a key's time is waiting for a server. @default {16} */
  readonly concurrency?: number;
  /** Wait after the first failure, in ms. @default {200} */
  readonly minBackoffMs?: number;
  /**
   * Longest wait after a failure, in ms. Short by default: what makes a handler fail is a server that does not
   * answer, and its return should be noticed soon.
   *
   * @default {5000}
   */
  readonly maxBackoffMs?: number;
  /** Clock to go by. @default {the machine's} */
  readonly clock?: Clock;
  /** Gives numbers from 0 up to 1, for jitter. @default {Math.random} */
  readonly random?: () => number;
}

/** A key that waits for its time. */
interface Delay {
  readonly dueAt: number;
  readonly cancel: () => void;
}

/** Failures of a key in a row. */
interface Failures {
  readonly count: number;
  /** Not handled again before then, whoever adds it. */
  readonly notBefore: number;
}

/**
 * A queue of distinct keys. A key is handled by one worker at a time; keys are handled in the order in which
 * they were added; one that is added while it is handled is handled once more afterwards, however often it was added.
 *
 * A key has at most one delay, the earliest asked for. The beginning of a handling ends it.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: Required<WorkQueueOptions>;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #addedMeanwhile = new Set<string>();
  readonly #delays = new Map<string, Delay>();
  readonly #failures = new Map<string, Failures>();
  readonly #givenUp = new AbortController();
  #isDraining = false;

  /**
   * Makes one; nothing is handled before a key is added.
   *
   * @param options See {@linkcode WorkQueueOptions}.
   */
  constructor(options: WorkQueueOptions) {
    this.#options = {
      concurrency: 16,
      minBackoffMs: RETRY.pass.minMs,
      maxBackoffMs: RETRY.pass.maxMs,
      clock: systemClock,
      random: Math.random,
      ...options,
    };
  }

  /** How many keys wait for a worker: delayed ones and those being handled are not among them. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** How many keys are being handled. */
  get active(): number {
    return this.#running.size;
  }

  /**
   * Has a key handled as soon as a worker is free, also one that waits for its time after a failure: an event
   * must not wait. The exception is one that failed just now (less than half of `minBackoffMs` ago): events
   * that its own handler causes must not make it spin.
   *
   * @param key The key.
   */
  add(key: string): void {
    if (this.#isDraining) return;
    if (this.#running.has(key)) return void this.#addedMeanwhile.add(key);
    const { clock, minBackoffMs } = this.#options;
    const tooSoonMs = (this.#failures.get(key)?.notBefore ?? 0) - clock.monotonic();
    // A clock that was set back must not make it longer.
    if (tooSoonMs > 0) this.addAfter(key, Math.min(tooSoonMs, minBackoffMs / 2));
    else this.#addNow(key);
  }

  /**
   * Has a key handled later, unless it is handled before.
   *
   * @param key The key.
   * @param ms How much later, in ms.
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
   * Forgets what is known of a key: its failures and its delay. One that waits for a worker is still handled.
   *
   * @param key The key.
   */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#cancelDelay(key);
  }

  /**
   * Begins no new key, and waits for those that are being handled. Adding keys does nothing from now on. May
   * be called again.
   *
   * @param options With a signal: when it is aborted, handlers are told to give up.
   * @returns Resolves when no handler is under way; never rejects.
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

  /** Gives up what is being handled, and waits for its end. */
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
    // Handlers never run inside the call that added the key.
    await Promise.resolve();
    let result: WorkResult | void = undefined;
    let failure: WorkFailure | undefined;
    try {
      result = await this.#options.handle(key, this.#givenUp.signal);
      this.#failures.delete(key);
    } catch (error) {
      failure = this.#failed(key, error);
    }
    this.#running.delete(key);
    if (failure && !this.#givenUp.signal.aborted) this.#options.onError(failure);
    const againInMs = failure?.retryInMs ?? result?.againInMs;
    if (againInMs !== undefined) this.addAfter(key, againInMs);
    if (this.#addedMeanwhile.delete(key)) this.add(key);
    this.#beginWaiting();
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
