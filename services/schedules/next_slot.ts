/**
 * Computes the next slot of a schedule from its document.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";
import { nextRun } from "../cron/trading_days.ts";
import { NEVER } from "./schedule_repository.ts";

/**
 * Computes the next slot as the service does. A stored time counts if it is due, or if the expression is
 * `@every`; otherwise the service corrects it, and the next slot of the expression counts. Slots that a trading calendar
 * skips do not count.
 *
 * @param cron The schedule.
 * @param from The stored time in Unix seconds; `undefined` if there is none.
 * @param now Current time in Unix seconds.
 * @returns The slot in Unix seconds, in the past if it is due; `undefined` if there is none.
 */
export function nextSlot(cron: CronSchedule, from: number | undefined, now: number): number | undefined {
  if (from === undefined || from === NEVER) return nextRun(cron, now);
  // A due slot that is skipped is only recorded.
  if (from <= now && cron.whySkipped?.(from) !== undefined) return nextRun(cron, from);
  return from <= now || cron.reading === "every" ? from : nextRun(cron, now);
}
