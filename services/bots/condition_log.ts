/**
 * The conditions of the bots in the log.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type BotCondition, describeCondition, isUp } from "./bot_condition.ts";
import type { BotTable } from "./bot_table.ts";

/** Conditions that may need a person. Other log messages, such as that of a start, cover the rest. */
const NEEDS_ATTENTION: ReadonlySet<BotCondition["type"]> = new Set([
  "backing-off",
  "invalid",
  "image-missing",
  "waiting",
  "held",
  "blocked",
  "latched",
  "failed",
]);
/** Conditions that end without a start, so that no other message tells of their end. */
const ENDS_SILENTLY: ReadonlySet<BotCondition["type"]> = new Set(["invalid", "held", "blocked", "latched"]);

/** Logs conditions and notes when they change, not with every pass. */
export class ConditionLog {
  readonly #bots: BotTable;
  readonly #log = getLogger(["berth", "bots"]);

  /** @param bots The bots, with what the log shows of each. */
  constructor(bots: BotTable) {
    this.#bots = bots;
  }

  /**
   * Logs a condition, unless the log shows it already.
   *
   * @param id Id of the bot.
   * @param condition Its condition.
   */
  reportCondition(id: string, condition: BotCondition): void {
    const { type } = condition;
    const before = this.#bots.get(id)?.loggedCondition;
    if (NEEDS_ATTENTION.has(type)) {
      // A later time of the next try is no change.
      const text = JSON.stringify({ ...condition, until: undefined });
      this.#bots.update(id, { loggedCondition: { type, text } });
      if (text === before?.text) return;
      this.#log.warn("bot needs attention", { id, condition: describeCondition(condition) });
    } else if (type === "completed") {
      this.#bots.update(id, { loggedCondition: { type, text: "" } });
      if (before?.type !== type) this.#log.info("bot completed", { id });
    } else if (isUp(condition) || type === "disabled") {
      this.#bots.clear(id, "loggedCondition");
      if (before && ENDS_SILENTLY.has(before.type)) this.#log.info("bot recovered", { id, condition: type });
    }
  }

  /**
   * Logs the warnings about a document that can be run nevertheless, unless the log shows them already.
   *
   * @param id Id of the bot.
   * @param notes A line for each field.
   */
  reportNotes(id: string, notes: readonly string[]): void {
    if (notes.length === 0) return this.#bots.clear(id, "loggedNotes");
    const now = notes.join("; ");
    if (now === this.#bots.get(id)?.loggedNotes) return;
    this.#bots.update(id, { loggedNotes: now });
    this.#log.warn("document has warnings", { id, notes: now });
  }
}
