/**
 * Computes the next slot of a schedule from its document.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";
import { NEVER } from "./schedule_repository.ts";

/**
 * Computes the next slot as the service does. A stored time counts if it is due, or if the expression is
 * `@every`; otherwise the service corrects it, and the next slot of the expression counts.
 *
 * @param cron The schedule.
 * @param from The stored time in Unix seconds; `undefined` if there is none.
 * @param now Current time in Unix seconds.
 * @returns The slot in Unix seconds, in the past if it is due; `undefined` if there is none.
 */
export function nextSlot(cron: CronSchedule, from: number | undefined, now: number): number | undefined {
  if (from === undefined || from === NEVER) return cron.next(now);
  return from <= now || cron.reading === "every" ? from : cron.next(now);
}
