/**
 * What people are told of the bots.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type BotCondition, describeCondition } from "./bot_condition.ts";

/** Conditions that somebody may have to do something about. The others are told by what is done. */
const TOLD: ReadonlySet<BotCondition["type"]> = new Set([
  "backing-off",
  "invalid",
  "image-missing",
  "waiting",
  "held",
  "blocked",
  "failed",
]);

/** Writes conditions and notes to the log: each once, not at every look. */
export class ConditionLog {
  readonly #conditions = new Map<string, { readonly type: BotCondition["type"]; readonly text: string }>();
  readonly #notes = new Map<string, string>();
  readonly #log = getLogger(["berth", "bots"]);

  /**
   * Tells a condition, unless it was told already.
   *
   * @param id Id of the bot.
   * @param condition Its condition.
   */
  tell(id: string, condition: BotCondition): void {
    const { type } = condition;
    const before = this.#conditions.get(id);
    if (TOLD.has(type)) {
      // Another time of the next try is no news.
      const text = JSON.stringify({ ...condition, until: undefined });
      this.#conditions.set(id, { type, text });
      if (text === before?.text) return;
      this.#log.warn("bot needs attention", { id, condition: describeCondition(condition) });
    } else if (type === "running" || type === "disabled") {
      this.#conditions.delete(id);
      // Of the others, its start tells.
      const isNews = before !== undefined && ["invalid", "held", "blocked"].includes(before.type);
      if (isNews) this.#log.info("bot is well again", { id, condition: type });
    }
  }

  /**
   * Tells what is odd about a document that can be run nevertheless.
   *
   * @param id Id of the bot.
   * @param notes A line for each field.
   */
  note(id: string, notes: readonly string[]): void {
    const now = notes.join("; ");
    if (now !== "" && now !== this.#notes.get(id)) this.#log.warn("document is odd", { id, notes: now });
    if (now === "") this.#notes.delete(id);
    else this.#notes.set(id, now);
  }

  /**
   * Forgets a bot that is no more.
   *
   * @param id Its id.
   */
  forget(id: string): void {
    this.#conditions.delete(id);
    this.#notes.delete(id);
  }
}
