/**
 * Schedules and their ledger, side by side.
 *
 * @module
 */

import type { CronSchedule } from "../../services/cron/cron_schedule.ts";
import type { StoredBot } from "../../services/documents/bot_repository.ts";
import { isOpenRun, type RunRecord } from "../../services/schedules/run_repository.ts";
import { parseScheduleDocument } from "../../services/schedules/schedule_document.ts";
import { NEVER, readExecutionTime } from "../../services/schedules/schedule_repository.ts";
import { formatDuration } from "./duration.ts";

/** What is known of a schedule. */
export interface ScheduleRow {
  /** Tells it from a bot. */
  readonly kind: "schedule";
  /** Its id. */
  readonly id: string;
  /** Whether its document says that it is to run. */
  readonly enabled: boolean;
  /** Version of its code; `null` when its document cannot be run. */
  readonly version: string | null;
  /** Its runtime; `null` when its document cannot be run. */
  readonly runtime: string | null;
  /** When it is run, with its time zone where that is not UTC; `null` when its document cannot be run. */
  readonly schedule: string | null;
  /** Why its document cannot be run. */
  readonly problem?: string;
  /** What is odd about its document and does not keep it from running, a line each. */
  readonly notes?: readonly string[];
  /** Its next slot, or one that is due; `null` when there is none. */
  readonly next: Date | null;
  /** The record of its latest slot; `null` when there is none. */
  readonly last: RunRecord | null;
}

/**
 * Puts together what a schedule's document and its ledger say.
 *
 * @param stored The document.
 * @param last The record of its latest slot.
 * @param now The time, in ms since the epoch.
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

/** The service corrects a time that is not the expression's, but for what is due. */
function nextSlot(cron: CronSchedule, from: number | undefined, now: number): number | undefined {
  if (from === undefined || from === NEVER) return cron.next(now);
  return from <= now || cron.reading === "every" ? from : cron.next(now);
}

/**
 * When a schedule is run, in the words of its document.
 *
 * @param cron The schedule.
 * @returns For example `0 9 * * mon-fri (America/New_York)`.
 */
export function describeCron({ expression, timezone }: CronSchedule): string {
  return timezone === "UTC" ? expression : `${expression} (${timezone})`;
}

/**
 * When a schedule is run next, in few words.
 *
 * @param row The schedule.
 * @param now The time, in ms since the epoch.
 */
export function describeNext({ enabled, problem, next }: ScheduleRow, now: number): string {
  if (next === null) return enabled && problem === undefined ? "never again" : "-";
  const ms = next.getTime() - now;
  const time = next.toISOString().replace(".000Z", "Z");
  return ms > 0 ? `${time}, in ${formatDuration(ms)}` : `${time}, due`;
}

/**
 * Why a schedule cannot be run, or what became of its latest slot, in few words.
 *
 * @param row The schedule.
 * @param now The time, in ms since the epoch.
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
