/**
 * Continues work that the database records, in the process that serves.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";

/** Options of {@linkcode OpenWork}. */
export interface OpenWorkOptions<T> {
  /** Lists what is open. Called only while this process serves. */
  readonly list: (signal: AbortSignal) => Promise<readonly T[]>;
  /** Takes the next step of one of them. */
  readonly look: (each: T, signal: AbortSignal) => Promise<void>;
  /** Called with the error of a list or of a look, which is made again. */
  readonly onError: (error: unknown, each?: T) => void;
  /** Whether this process serves: of several, one does the work. */
  readonly isServing: () => boolean;
  /** Time between two looks for what another process has begun, in ms. */
  readonly idleMs: number;
  /** The clock. */
  readonly clock: Clock;
}

/** Time between two looks at what is open, in ms. */
const LOOK_MS = 500;
/** Time after a list that failed, and while another process serves, in ms. */
const RETRY_MS = 2000;

/** Goes on with all that is open until it is disposed; the next process goes on from there. */
export class OpenWork<T> implements Disposable {
  readonly #options: OpenWorkOptions<T>;
  readonly #ending = new AbortController();
  readonly #wakeup = new Wakeup();

  /** @param options See {@linkcode OpenWorkOptions}. */
  constructor(options: OpenWorkOptions<T>) {
    this.#options = options;
    void this.#run(this.#ending.signal);
  }

  /** Looks now, because work has begun. */
  wake(): void {
    this.#wakeup.wake();
  }

  /** Ends the looks. */
  [Symbol.dispose](): void {
    this.#ending.abort(new DOMException("The API ends", "AbortError"));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // Its owner is not ready yet.
    await this.#wakeup.sleep({ ms: LOOK_MS, clock, signal });
    while (!signal.aborted) await this.#wakeup.sleep({ ms: await this.#lookAtAll(signal), clock, signal });
  }

  /** @returns When to look again, in ms. */
  async #lookAtAll(signal: AbortSignal): Promise<number> {
    const { list, look, isServing, idleMs } = this.#options;
    if (!isServing()) return RETRY_MS;
    try {
      const open = await list(signal);
      for (const each of open) await look(each, signal).catch((error) => this.#note(error, each));
      return open.length > 0 ? LOOK_MS : idleMs;
    } catch (error) {
      this.#note(error);
      return RETRY_MS;
    }
  }

  #note(error: unknown, each?: T): void {
    if (!this.#ending.signal.aborted) this.#options.onError(error, each);
  }
}
