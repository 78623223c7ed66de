/**
 * Describes the times of a schedule as its document does.
 *
 * @module
 */

import type { CronSchedule } from "./cron_schedule.ts";

/**
 * Formats a schedule's times as its document does.
 *
 * @param cron The schedule.
 * @returns For example `0 9 * * mon-fri (America/New_York)`.
 */
export function describeCron(
  { expression, timezone }: Pick<CronSchedule, "expression" | "timezone">,
): string {
  return timezone === "UTC" ? expression : `${expression} (${timezone})`;
}
