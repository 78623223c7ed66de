/**
 * The bounds of one call to a server: its time limit, and every signal that may give it up.
 *
 * @module
 */

import { TimeLimitError } from "../errors.ts";

/** What bounds a call. */
export interface CallScopeOptions {
  /** What is done, for the error text: `The engine's answer to …`. */
  readonly what: string;
  /** Time limit in ms. @default {none} */
  readonly limitMs?: number;
  /** Signals that give the call up. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** The scopes that follow a signal, and its listener. */
interface Followers {
  readonly controllers: Set<AbortController>;
  readonly onAbort: () => void;
}

/**
 * The scopes that follow each signal. A signal that lives long is followed by hundreds: each listener that is added to
 * it would be compared with all the others, so it has one for all of them.
 */
const followers = new WeakMap<AbortSignal, Followers>();

const OVER = new DOMException("The call is over.", "AbortError");

/**
 * One signal for one call, aborted with the reason of whatever comes first. Dispose it when the call is over:
 * what is left of the call is given up, and nothing of it hangs on signals that live longer.
 */
export class CallScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #release: (() => void)[] = [];
  readonly #options: CallScopeOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline = Infinity;
  #isComplete = false;

  /** @param options What bounds the call. */
  constructor(options: CallScopeOptions) {
    this.#options = options;
    for (const signal of options.signals ?? []) if (signal !== undefined) this.#follow(signal);
    this.restartLimit();
  }

  /** Aborted when the call is to be given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets the time limit begin anew: for calls whose limit is about silence. Cheap enough for every piece of a stream. */
  restartLimit(): void {
    const { limitMs } = this.#options;
    if (limitMs === undefined || this.signal.aborted) return;
    this.#deadline = performance.now() + limitMs;
    this.#timer ??= setTimeout(() => this.#check(), limitMs);
  }

  /** Ends the time limit, not the call: for calls whose answer may take any time once it has begun. */
  endLimit(): void {
    this.#deadline = Infinity;
  }

  /** Gives the call up, whatever is left of it. @param reason Why. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Says that nothing of the call is left to give up: its end then costs nothing. */
  complete(): void {
    this.#isComplete = true;
  }

  /**
   * The error to throw when the call failed: why it was given up, if it was.
   *
   * @param error What was caught.
   * @returns The reason of the abort, or `error`.
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

  /** The timer stays while the deadline moves: it looks how far that has gone. */
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

/** @returns What ends it. */
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
 * Passes a stream on and limits how long each piece may take to come. The time that the reader takes between
 * two pieces does not count.
 *
 * @param chunks The stream.
 * @param scope The call whose limit it is.
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
