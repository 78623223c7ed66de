/**
 * Logs schedules that may need somebody's attention.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { describeScheduleCondition, type ScheduleCondition } from "./schedule_condition.ts";

/** Logs conditions and notes of schedules, each once and not at every pass. */
export class ScheduleLog {
  readonly #log: Logger;
  readonly #invalid = new Map<string, string>();
  readonly #notes = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Logs what is wrong with a schedule, unless that is logged already.
   *
   * @param id Id of the schedule.
   * @param condition Its condition.
   * @param notes Warnings about its document, one per line.
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
    const warnings = notes.join("; ");
    if (warnings !== "" && warnings !== this.#notes.get(id)) {
      this.#log.warn("document has warnings", { id, notes: warnings });
    }
    if (warnings === "") this.#notes.delete(id);
    else this.#notes.set(id, warnings);
  }

  /** Forgets a removed schedule. @param id Its id. */
  forget(id: string): void {
    this.#invalid.delete(id);
    this.#notes.delete(id);
  }
}
