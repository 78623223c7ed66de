/**
 * Decides the next action for one run. Pure: no I/O, no clock.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { RunRecord, RunState } from "./run_repository.ts";
import { stillGoing } from "./schedule_plan.ts";
import type { ScheduleSettings } from "../documents/schedule_settings.ts";

/** How long a run without `starting_deadline_seconds` waits for an engine or an object store, in ms. */
const START_RETRY_WINDOW_MS = 5 * 60_000;
/** Delay before another run that is in the way is checked again, in ms. */
const REMOVAL_POLL_MS = 250;

/** The current state of a run's schedule. */
export type RunSchedule =
  | { readonly kind: "valid"; readonly enabled: boolean; readonly settings: ScheduleSettings }
  | { readonly kind: "invalid"; readonly reason: string }
  /** The schedule is deleted, or served by another service. */
  | { readonly kind: "gone" };

/** A start that failed. */
export interface FailedRunStart {
  /** Time of the failure, in ms since the epoch. */
  readonly at: number;
  /** Number of failures in a row. */
  readonly count: number;
  /** The error in one line. */
  readonly message: string;
  /** Whether a retry may succeed, because an engine, a registry or an object store did not answer. */
  readonly isTransient: boolean;
  /** How long to wait for the next try, in ms. @default {longer with each failure} */
  readonly againInMs?: number;
  /** Whether it waits for as long as its deadline lets it: another bot or run has to end first. @default false */
  readonly isPatient?: boolean;
}

/** State of a run. */
export interface RunSituation {
  /** Its record. */
  readonly record: RunRecord;
  /** The containers of its attempts, each with its attempt number in `attempt`. */
  readonly containers: readonly ManagedContainer[];
  /** Its schedule. */
  readonly schedule: RunSchedule;
  /** The other open runs of its schedule, without orphaned runs. */
  readonly others: readonly RunRecord[];
  /** Its last start, if it failed. */
  readonly failedStart?: FailedRunStart;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/** The next action. */
export type RunAction =
  /** Start the container of an attempt. */
  | { readonly type: "start"; readonly attempt: number }
  /** Record that the container runs. */
  | { readonly type: "adopt"; readonly container: ManagedContainer }
  /** Stop the container, then plan again. */
  | { readonly type: "stop"; readonly container: ManagedContainer; readonly why: StopWhy }
  /** The container has ended: collect its output and result, then close the record. */
  | { readonly type: "collect"; readonly container: ManagedContainer }
  /** Nothing to run or to collect: close the record. */
  | { readonly type: "close"; readonly state: RunState; readonly reason: string }
  /** The record is complete: remove the containers. */
  | { readonly type: "remove"; readonly containers: readonly ManagedContainer[] }
  /** Plan again later; `reason` says what the run waits for. */
  | { readonly type: "wait"; readonly againInMs?: number; readonly reason?: string };

/** Why a run is stopped, for its record. */
export interface StopWhy {
  /** The resulting state. */
  readonly state: "timed-out" | "failed";
  /** The reason for the record. */
  readonly reason: string;
}

/**
 * Decides from the ledger and the engine alone, because a crash may have happened after any earlier step.
 *
 * @param situation The state of the run.
 */
export function planRun(situation: RunSituation): RunAction {
  const { record, containers } = situation;
  if (record.state === "claimed") return planClaimed(situation);
  if (record.state === "running") return planRunning(situation);
  const [container] = containers;
  if (!container) return { type: "wait" };
  // The record was closed without this container, by another scheduler or after a failure without a clear
  // end. The container shows how it really ended.
  const wasSeen = record.exitCode !== undefined || record.state !== "failed";
  if (wasSeen || !isThere(container)) return { type: "remove", containers };
  return container.phase === "exited" ? { type: "collect", container } : { type: "adopt", container };
}

/**
 * Decides whether a run has to be stopped, or had to be if it has ended.
 *
 * @param situation The state of the run.
 * @param container Its container, with the time of its start.
 * @returns The reason, or `undefined` if there is none.
 */
export function whyStop(
  { record, schedule, others, now }: RunSituation,
  { startedAt, finishedAt }: ManagedContainer,
): StopWhy | undefined {
  if (schedule.kind !== "valid") return undefined;
  const { concurrencyPolicy, maxRuntimeSeconds } = schedule.settings;
  const later = concurrencyPolicy === "Replace" && others.find((other) => isLater(other, record));
  if (later) return { state: "failed", reason: `replaced by the run ${later.id}` };
  const ranForMs = (finishedAt?.getTime() ?? now) - (startedAt?.getTime() ?? now);
  if (maxRuntimeSeconds === undefined || ranForMs < maxRuntimeSeconds * 1000) return undefined;
  return { state: "timed-out", reason: `it took longer than max_runtime_seconds, ${maxRuntimeSeconds}` };
}

function planRunning(situation: RunSituation): RunAction {
  const container = situation.containers.find(({ attempt }) => attempt === situation.record.attempt);
  if (!container || container.phase === "pending") {
    const reason = "its container is gone, removed by somebody else: its outcome is unknown";
    return { type: "close", state: "failed", reason };
  }
  if (container.phase === "lost") return { type: "close", state: "failed", reason: lost(container) };
  if (container.phase === "exited") return { type: "collect", container };
  const why = whyStop(situation, container);
  if (why) return { type: "stop", container, why };
  const limit = situation.schedule.kind === "valid"
    ? situation.schedule.settings.maxRuntimeSeconds
    : undefined;
  if (limit === undefined || !container.startedAt) return { type: "wait" };
  return { type: "wait", againInMs: container.startedAt.getTime() + limit * 1000 - situation.now };
}

function planClaimed(situation: RunSituation): RunAction {
  const { record, containers, schedule } = situation;
  const attempt = record.attempt + 1;
  const container = containers.find((one) => one.attempt === attempt);
  if (container?.phase === "lost") return { type: "close", state: "failed", reason: lost(container) };
  if (container?.phase === "exited") return { type: "collect", container };
  if (container && isThere(container)) return { type: "adopt", container };
  // The record already holds the results of earlier attempts.
  const over = containers.filter((one) => one.attempt < attempt);
  if (over.length > 0) return { type: "remove", containers: over };
  if (schedule.kind === "gone") return notBegun(record, "its schedule was deleted before it was started");
  if (schedule.kind === "invalid") {
    return { type: "close", state: "failed", reason: `its schedule cannot be run: ${schedule.reason}` };
  }
  if (!schedule.enabled && record.trigger !== "manual") {
    return notBegun(record, "its schedule was disabled before it was started");
  }
  return inTheWay(situation, schedule.settings) ?? tooLate(situation, schedule.settings) ??
    tooEarly(situation) ?? { type: "start", attempt };
}

/**
 * Finds a run that must end first. If two schedulers claim different slots at the same time, at least one of
 * them sees the other's record. The later slot yields to the earlier one, and the earlier one waits until the
 * later has yielded or runs. So the two never run at once.
 */
function inTheWay(
  { record, others }: RunSituation,
  { concurrencyPolicy }: ScheduleSettings,
): RunAction | undefined {
  if (concurrencyPolicy === "Allow" || others.length === 0) return undefined;
  if (concurrencyPolicy === "Replace") {
    const later = others.find((other) => isLater(other, record));
    if (later) return notBegun(record, `replaced by the run ${later.id}`);
    return { type: "wait", againInMs: REMOVAL_POLL_MS, reason: `the run ${others[0]!.id} is being stopped` };
  }
  if (record.attempt > 0) return undefined;
  const before = others.find((other) => other.state === "running" || !isLater(other, record));
  if (before) return notBegun(record, stillGoing(before));
  return { type: "wait", againInMs: REMOVAL_POLL_MS, reason: `the run ${others[0]!.id} was claimed too` };
}

function tooLate(
  { record, failedStart, now }: RunSituation,
  settings: ScheduleSettings,
): RunAction | undefined {
  if (record.attempt > 0 && !failedStart) return undefined;
  const deadline = settings.startingDeadlineSeconds;
  const waits = failedStart ? `: ${failedStart.message}` : record.reason ? `: ${record.reason}` : "";
  if (failedStart && !failedStart.isTransient) {
    return { type: "close", state: "failed", reason: `it could not be started${waits}` };
  }
  if (record.attempt === 0 && deadline !== undefined && now - record.slot * 1000 > deadline * 1000) {
    return notBegun(record, `not started within starting_deadline_seconds, ${deadline}${waits}`);
  }
  const since = record.finishedAt ?? record.claimedAt;
  if (
    failedStart && !failedStart.isPatient && deadline === undefined &&
    now - since.getTime() > START_RETRY_WINDOW_MS
  ) {
    return { type: "close", state: "failed", reason: `it could not be started${waits}` };
  }
  return undefined;
}

function tooEarly({ record, failedStart, now }: RunSituation): RunAction | undefined {
  if (failedStart) {
    const { at, count, againInMs } = failedStart;
    const delayMs = againInMs ?? backoffMs(count, RETRY.runStart);
    const dueAt = at + delayMs;
    if (isAhead(dueAt, now, delayMs)) {
      return { type: "wait", againInMs: dueAt - now, reason: `waiting: ${failedStart.message}` };
    }
  }
  if (record.attempt > 0 && record.finishedAt) {
    const dueAt = record.finishedAt.getTime() + backoffMs(record.attempt, RETRY.run);
    if (isAhead(dueAt, now, RETRY.run.maxMs)) return { type: "wait", againInMs: dueAt - now };
  }
  return undefined;
}

/** Ignores a time beyond the longest delay, which was written before the clock was set back. */
function isAhead(dueAt: number, now: number, longestMs: number): boolean {
  return dueAt > now && dueAt - now <= longestMs;
}

/**
 * Closes a run whose next attempt does not begin. A run that never began counts as skipped; one between two attempts has
 * failed.
 *
 * @param record The record.
 * @param reason Why.
 */
export function notBegun({ attempt }: Pick<RunRecord, "attempt">, reason: string): RunAction {
  if (attempt === 0) return { type: "close", state: "skipped", reason };
  return {
    type: "close",
    state: "failed",
    reason: `attempt ${attempt} failed, and no other follows: ${reason}`,
  };
}

function lost({ reason }: ManagedContainer): string {
  return `the host of its container was lost, its outcome is unknown${reason ? `: ${reason}` : ""}`;
}

function isThere({ phase }: ManagedContainer): boolean {
  return phase === "running" || phase === "starting" || phase === "exited";
}

function isLater(one: RunRecord, other: RunRecord): boolean {
  return one.slot > other.slot || (one.slot === other.slot && one.id > other.id);
}
