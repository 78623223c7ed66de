/**
 * The scope of one call to a server: its time limit, and every signal that may cancel it.
 *
 * @module
 */

import { TimeLimitError } from "../errors.ts";

/** Options of a {@linkcode CallScope}. */
export interface CallScopeOptions {
  /** Subject of the error message, for example `The engine's answer to …`. */
  readonly what: string;
  /** Time limit in ms. @default {none} */
  readonly limitMs?: number;
  /** Signals that cancel the call. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** The scopes that follow a signal, and the signal's listener. */
interface Followers {
  readonly controllers: Set<AbortController>;
  readonly onAbort: () => void;
}

/**
 * The scopes that follow each signal. Hundreds may follow a long-lived signal, and adding a listener takes time that grows
 * with the number of listeners, so each signal has one listener for all scopes.
 */
const followers = new WeakMap<AbortSignal, Followers>();

const OVER = new DOMException("The call is over.", "AbortError");

/**
 * One signal for one call. It aborts with the reason of the first signal that aborts, or at the time limit. Dispose the
 * scope at the end of the call, to cancel what is left of it and to release the signals it follows.
 */
export class CallScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #release: (() => void)[] = [];
  readonly #options: CallScopeOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline = Infinity;
  #isComplete = false;

  /** @param options See {@linkcode CallScopeOptions}. */
  constructor(options: CallScopeOptions) {
    this.#options = options;
    for (const signal of options.signals ?? []) if (signal !== undefined) this.#follow(signal);
    this.restartLimit();
  }

  /** Aborts when the call must be cancelled. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restarts the time limit, for calls that are limited between pieces. Cheap enough for every piece of a stream. */
  restartLimit(): void {
    const { limitMs } = this.#options;
    if (limitMs === undefined || this.signal.aborted) return;
    this.#deadline = performance.now() + limitMs;
    this.#timer ??= setTimeout(() => this.#check(), limitMs);
  }

  /** Removes the time limit, for calls whose answer may take any time once it begins. */
  endLimit(): void {
    this.#deadline = Infinity;
  }

  /** Cancels the call. @param reason Reason of the abort. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Marks the call as complete, so that disposing the scope need not abort anything. */
  complete(): void {
    this.#isComplete = true;
  }

  /**
   * Selects the error to throw if the call failed.
   *
   * @param error The error that was caught.
   * @returns The reason of the abort if the call was cancelled, else `error`.
   */
  reasonFor(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** Ends the call. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (!this.#isComplete) this.#controller.abort(OVER);
    for (const release of this.#release.splice(0)) release();
  }

  /** Compares the time with the deadline. The timer stays as it is when the deadline moves. */
  #check(): void {
    this.#timer = undefined;
    if (this.#deadline === Infinity) return;
    const { what, limitMs = 0 } = this.#options;
    const leftMs = this.#deadline - performance.now();
    if (leftMs <= 0) this.#controller.abort(new TimeLimitError(what, limitMs));
    else this.#timer = setTimeout(() => this.#check(), leftMs);
  }

  #follow(signal: AbortSignal): void {
    if (signal.aborted) return this.#controller.abort(signal.reason);
    this.#release.push(follow(signal, this.#controller));
  }
}

/** Follows a signal; returns a function that ends it. */
function follow(signal: AbortSignal, controller: AbortController): () => void {
  const all = followers.get(signal) ?? gather(signal);
  all.controllers.add(controller);
  return () => {
    all.controllers.delete(controller);
    if (all.controllers.size > 0) return;
    signal.removeEventListener("abort", all.onAbort);
    followers.delete(signal);
  };
}

function gather(signal: AbortSignal): Followers {
  const controllers = new Set<AbortController>();
  const onAbort = () => {
    for (const each of controllers) each.abort(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const all = { controllers, onAbort };
  followers.set(signal, all);
  return all;
}

/**
 * Limits the time until each piece of a stream arrives. The time that the reader takes between pieces does not count.
 *
 * @param chunks The stream.
 * @param scope Scope of the call, with the time limit.
 * @returns The same pieces.
 */
export async function* limitSilence<T>(chunks: AsyncIterable<T>, scope: CallScope): AsyncGenerator<T> {
  scope.restartLimit();
  for await (const chunk of chunks) {
    scope.endLimit();
    yield chunk;
    scope.restartLimit();
  }
  scope.endLimit();
}
