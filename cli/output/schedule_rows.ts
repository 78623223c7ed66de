/**
 * Combines documents of schedules with the ledger.
 *
 * @module
 */

import type { CronSchedule } from "../../services/cron/cron_schedule.ts";
import type { StoredBot } from "../../services/documents/bot_repository.ts";
import { isOpenRun, type RunRecord } from "../../services/schedules/run_repository.ts";
import { parseScheduleDocument } from "../../services/schedules/schedule_document.ts";
import { NEVER, readExecutionTime } from "../../services/schedules/schedule_repository.ts";
import { formatDuration } from "./duration.ts";

/** The state of a schedule. */
export interface ScheduleRow {
  /** Discriminates the union with bots. */
  readonly kind: "schedule";
  /** Its id. */
  readonly id: string;
  /** Whether its document enables it. */
  readonly enabled: boolean;
  /** Version of its code; `null` if its document is invalid. */
  readonly version: string | null;
  /** Its runtime; `null` if its document is invalid. */
  readonly runtime: string | null;
  /** Its cron expression, with the time zone if it is not UTC; `null` if its document is invalid. */
  readonly schedule: string | null;
  /** Why its document is invalid. */
  readonly problem?: string;
  /** Warnings about its document, one per line. */
  readonly notes?: readonly string[];
  /** Its next slot, or one that is due; `null` if there is none. */
  readonly next: Date | null;
  /** Record of its latest slot; `null` if there is none. */
  readonly last: RunRecord | null;
}

/**
 * Combines a schedule's document with its ledger.
 *
 * @param stored The document.
 * @param last Record of its latest slot.
 * @param now Current time in ms since the epoch.
 */
export function scheduleRow(
  { key, document }: StoredBot,
  last: RunRecord | undefined,
  now: number,
): ScheduleRow {
  const parsed = parseScheduleDocument(document, key);
  const { enabled } = parsed;
  const row = { kind: "schedule", id: key, enabled, last: last ?? null } as const;
  if (parsed.status === "invalid") {
    return { ...row, version: null, runtime: null, schedule: null, problem: parsed.reason, next: null };
  }
  const { executable: { version, runtime }, cron, notes } = parsed;
  const from = readExecutionTime(document.next_execution_time);
  const next = enabled ? nextSlot(cron, from, Math.floor(now / 1000)) : undefined;
  return {
    ...row,
    version: version ?? null,
    runtime,
    schedule: describeCron(cron),
    next: next === undefined ? null : new Date(next * 1000),
    ...(notes.length > 0 && { notes }),
  };
}

/**
 * Computes the next slot as the service does. A stored time counts if it is due, or if the expression is
 * `@every`; otherwise the service corrects it, and the next slot of the expression counts.
 */
function nextSlot(cron: CronSchedule, from: number | undefined, now: number): number | undefined {
  if (from === undefined || from === NEVER) return cron.next(now);
  return from <= now || cron.reading === "every" ? from : cron.next(now);
}

/**
 * Formats a schedule's times as its document does.
 *
 * @param cron The schedule.
 * @returns For example `0 9 * * mon-fri (America/New_York)`.
 */
export function describeCron({ expression, timezone }: CronSchedule): string {
  return timezone === "UTC" ? expression : `${expression} (${timezone})`;
}

/**
 * Describes when a schedule runs next, in a few words.
 *
 * @param row The schedule.
 * @param now Current time in ms since the epoch.
 */
export function describeNext({ enabled, problem, next }: ScheduleRow, now: number): string {
  if (next === null) return enabled && problem === undefined ? "never again" : "-";
  const ms = next.getTime() - now;
  const time = next.toISOString().replace(".000Z", "Z");
  return ms > 0 ? `${time}, in ${formatDuration(ms)}` : `${time}, due`;
}

/**
 * Describes why a schedule cannot run, or the outcome of its latest slot, in a few words.
 *
 * @param row The schedule.
 * @param now Current time in ms since the epoch.
 */
export function describeLast({ problem, last }: ScheduleRow, now: number): string {
  if (problem !== undefined) return `invalid: ${problem}`;
  if (!last) return "-";
  const { state, reason, startedAt, finishedAt, claimedAt } = last;
  const at = (isOpenRun(last) ? startedAt : finishedAt) ?? claimedAt;
  const since = formatDuration(Math.max(0, now - at.getTime()));
  const when = isOpenRun(last) ? `${state} for ${since}` : `${state} ${since} ago`;
  return reason ? `${when}: ${reason}` : when;
}
