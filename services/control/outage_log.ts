/**
 * What a service waits for, told in its log.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";

/** Says what the parts of a service wait for, and that all go again: once, not at every try. */
export class OutageLog {
  readonly #log: Logger;
  /** What each part waits for. */
  readonly #waits = new Map<string, string>();

  /** @param log Where it is told. */
  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether a part waits. @param part Name of the part. */
  isWaiting(part: string): boolean {
    return this.#waits.has(part);
  }

  /**
   * Tells how it stands with a part.
   *
   * @param part Name of the part: one that goes again says nothing of the others.
   * @param what What it waits for; absent when it goes.
   */
  report(part: string, what?: string): void {
    if (what === this.#waits.get(part)) return;
    const isNews = what !== undefined && ![...this.#waits.values()].includes(what);
    if (what === undefined) this.#waits.delete(part);
    else this.#waits.set(part, what);
    if (isNews) this.#log.warn("waiting", { for: what });
    else if (this.#waits.size === 0) this.#log.info("everything answers again");
  }
}
