/**
 * Logs outages of the servers that a service depends on.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";

/**
 * Called with each report of a part. Must return soon and not throw.
 *
 * @param part Name of the part.
 * @param problem Why it cannot work; absent if it works.
 */
export type OutageListener = (part: string, problem?: unknown) => void;

/** Logs once when a part of a service begins to wait for something, and once when all parts work again. */
export class OutageLog {
  readonly #log: Logger;
  /** Per part, the reason why it waits. */
  readonly #waits = new Map<string, string>();
  readonly #listener: OutageListener | undefined;

  /** @param log Where it logs. @param listener Called with each report. @default {nothing is called} */
  constructor(log: Logger, listener?: OutageListener) {
    this.#log = log;
    this.#listener = listener;
  }

  /** Whether a part is waiting. @param part Name of the part. */
  isWaiting(part: string): boolean {
    return this.#waits.has(part);
  }

  /** The problem of the first waiting part; `undefined` if none waits. */
  get waitsFor(): string | undefined {
    return this.#waits.values().next().value;
  }

  /**
   * Reports the state of a part.
   *
   * @param part Name of the part. A part that works again says nothing about the others.
   * @param problem The error, or the words, that say what the part waits for; absent if it works.
   */
  report(part: string, problem?: unknown): void {
    this.#listener?.(part, problem);
    const what = problem === undefined ? undefined : messageOf(problem);
    if (what === this.#waits.get(part)) return;
    const isNews = what !== undefined && ![...this.#waits.values()].includes(what);
    if (what === undefined) this.#waits.delete(part);
    else this.#waits.set(part, what);
    if (isNews) this.#log.warn("waiting", { for: what });
    else if (this.#waits.size === 0) this.#log.info("all services reachable again");
  }
}
