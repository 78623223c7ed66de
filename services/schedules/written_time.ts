/**
 * The time that a schedule's document gets when it is written. Pure: no I/O, no clock.
 *
 * @module
 */

import type { BotDocument } from "../documents/bot_repository.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import { DEFAULT_SCHEDULE_SETTINGS } from "../documents/schedule_settings.ts";
import { parseScheduleDocument } from "./schedule_document.ts";
import { planSchedule } from "./schedule_plan.ts";
import { readExecutionTime } from "./schedule_repository.ts";

/**
 * Adds the next time to the fields that a change of a schedule writes. Without it, a slot that comes before a scheduler
 * has seen the change, for example while another Berth takes over, would be left out without a record.
 *
 * @param before The document before; `undefined` if there is none.
 * @param fields The fields to write.
 * @param now Current time in ms since the epoch.
 * @param rules The rules for what a run may ask for, and the trading calendars.
 * @returns The fields, with `next_execution_time` unless the time in the document stays.
 */
export function withWrittenTime(
  before: BotDocument | undefined,
  fields: BotDocument,
  now: number,
  rules: DocumentRules,
): BotDocument {
  const document = { ...before, ...fields };
  const from = readExecutionTime(document.next_execution_time);
  const nowSeconds = Math.floor(now / 1000);
  // A slot that is due is the scheduler's, whatever the new expression says.
  if (from !== undefined && from <= nowSeconds) return fields;
  const parsed = parseScheduleDocument(document, undefined, rules);
  const isRun = parsed.status === "valid" && parsed.enabled;
  const { next } = planSchedule({
    cron: isRun ? parsed.cron : undefined,
    settings: isRun ? parsed.settings : DEFAULT_SCHEDULE_SETTINGS,
    from,
    now: nowSeconds,
    open: [],
    keep: 1,
  });
  return next === from ? fields : { ...fields, next_execution_time: next };
}
