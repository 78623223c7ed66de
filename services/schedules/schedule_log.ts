/**
 * What the log says of schedules that somebody may have to do something about.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { describeScheduleCondition, type ScheduleCondition } from "./schedule_condition.ts";

/** Writes conditions and notes of schedules to the log: each once, not at every look. */
export class ScheduleLog {
  readonly #log: Logger;
  readonly #invalid = new Map<string, string>();
  readonly #notes = new Map<string, string>();

  /** @param log Where it writes. */
  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Says what is wrong or odd, unless it did already.
   *
   * @param id Id of the schedule.
   * @param condition What the schedule is doing.
   * @param notes What is odd about its document, a line each.
   */
  record(id: string, condition: ScheduleCondition, notes: readonly string[]): void {
    const text = condition.type === "invalid" ? describeScheduleCondition(condition) : undefined;
    const before = this.#invalid.get(id);
    if (text === undefined) this.#invalid.delete(id);
    else this.#invalid.set(id, text);
    if (text !== undefined && text !== before) {
      this.#log.warn("schedule needs attention", { id, condition: text });
    }
    if (text === undefined && before !== undefined) {
      this.#log.info("schedule is well again", { id, condition: condition.type });
    }
    const odd = notes.join("; ");
    if (odd !== "" && odd !== this.#notes.get(id)) this.#log.warn("document is odd", { id, notes: odd });
    if (odd === "") this.#notes.delete(id);
    else this.#notes.set(id, odd);
  }

  /**
   * Forgets a schedule that is no more.
   *
   * @param id Its id.
   */
  forget(id: string): void {
    this.#invalid.delete(id);
    this.#notes.delete(id);
  }
}
