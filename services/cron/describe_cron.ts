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
 * @returns For example `0 9 * * mon-fri (America/New_York, on days of XNYS)`.
 */
export function describeCron(
  { expression, timezone, calendar }: Pick<CronSchedule, "expression" | "timezone" | "calendar">,
): string {
  const limits = [...(timezone === "UTC" ? [] : [timezone]), ...(calendar ? [`on days of ${calendar}`] : [])];
  return limits.length === 0 ? expression : `${expression} (${limits.join(", ")})`;
}
