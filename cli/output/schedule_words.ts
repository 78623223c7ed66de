/**
 * Describes schedules and their runs in a few words.
 *
 * @module
 */

import type { Run } from "../../services/contract/runs.ts";
import { formatDuration } from "./duration.ts";

/** When a schedule runs next. */
export interface NextOfSchedule {
  /** Whether its document enables it. */
  readonly enabled: boolean;
  /** Why its document is invalid. */
  readonly problem?: string | undefined;
  /** Its next slot, or one that is due; `null` if there is none. */
  readonly next: Date | null;
}

/** State of a run, and since when. */
export interface RunWords {
  /** Its state. */
  readonly state: string;
  /** Reason for the state in one line. */
  readonly reason?: string | undefined;
  /** When it was claimed. */
  readonly claimedAt: Date;
  /** When its container was started. */
  readonly startedAt?: Date | undefined;
  /** When it ended. */
  readonly finishedAt?: Date | undefined;
}

/** Outcome of a schedule's latest slot. */
export interface LastOfSchedule {
  /** Why its document is invalid. */
  readonly problem?: string | undefined;
  /** Its latest run; `null` if there is none. */
  readonly last: RunWords | null;
}

/**
 * Describes when a schedule runs next, in a few words.
 *
 * @param row The schedule.
 * @param now Current time in ms since the epoch.
 */
export function describeNext({ enabled, problem, next }: NextOfSchedule, now: number): string {
  if (next === null) return enabled && problem === undefined ? "never again" : "-";
  return describeTime(next, now);
}

/**
 * Describes a time to come.
 *
 * @param time The time.
 * @param now Current time in ms since the epoch.
 */
export function describeTime(time: Date, now: number): string {
  const ms = time.getTime() - now;
  const text = time.toISOString().replace(".000Z", "Z");
  return ms > 0 ? `${text}, in ${formatDuration(ms)}` : `${text}, due`;
}

/**
 * Describes why a schedule cannot run, or the outcome of its latest slot, in a few words.
 *
 * @param row The schedule.
 * @param now Current time in ms since the epoch.
 */
export function describeLast({ problem, last }: LastOfSchedule, now: number): string {
  if (problem !== undefined) return `invalid: ${problem}`;
  if (!last) return "-";
  return describeRun(last, now);
}

/**
 * Describes the state of a run, in a few words.
 *
 * @param run The run.
 * @param now Current time in ms since the epoch.
 */
export function describeRun(
  { state, reason, startedAt, finishedAt, claimedAt }: RunWords,
  now: number,
): string {
  const isOpen = state === "claimed" || state === "running";
  const at = (isOpen ? startedAt : finishedAt) ?? claimedAt;
  const since = formatDuration(Math.max(0, now - at.getTime()));
  const when = isOpen ? `${state} for ${since}` : `${state} ${since} ago`;
  return reason ? `${when}: ${reason}` : when;
}

/**
 * Takes from a run what its description needs.
 *
 * @param run The run.
 */
export function runWords({ state, reason, claimedAt, startedAt, finishedAt }: Run): RunWords {
  return {
    state,
    reason,
    claimedAt: new Date(claimedAt),
    startedAt: startedAt === undefined ? undefined : new Date(startedAt),
    finishedAt: finishedAt === undefined ? undefined : new Date(finishedAt),
  };
}
