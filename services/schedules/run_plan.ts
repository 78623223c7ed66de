/**
 * What has to be done about one run. Pure: no I/O, no clock.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { RunRecord, RunState } from "./run_repository.ts";
import { stillGoing } from "./schedule_plan.ts";
import type { ScheduleSettings } from "./schedule_settings.ts";

/** So long a run without `starting_deadline_seconds` waits for an engine or an object store, in ms. */
const START_RETRY_WINDOW_MS = 5 * 60_000;
/** How soon to look again at another run that is in the way, in ms. */
const REMOVAL_POLL_MS = 250;

/** What a run's schedule says now. */
export type RunSchedule =
  | { readonly kind: "valid"; readonly enabled: boolean; readonly settings: ScheduleSettings }
  | { readonly kind: "invalid"; readonly reason: string }
  /** It is deleted, or another service's. */
  | { readonly kind: "gone" };

/** A start that failed. */
export interface FailedRunStart {
  /** When, in ms since the epoch. */
  readonly at: number;
  /** How many in a row. */
  readonly count: number;
  /** What happened, in one line. */
  readonly message: string;
  /** Whether another try may succeed: an engine, a registry or an object store did not answer. */
  readonly isTransient: boolean;
}

/** What is known of a run. */
export interface RunSituation {
  /** Its record. */
  readonly record: RunRecord;
  /** Containers of its attempts, each with the number of its attempt in `attempt`. */
  readonly containers: readonly ManagedContainer[];
  /** Its schedule. */
  readonly schedule: RunSchedule;
  /** The other open runs of its schedule, but for those whose scheduler is gone. */
  readonly others: readonly RunRecord[];
  /** Its last start, if that failed. */
  readonly failedStart?: FailedRunStart;
  /** The time, in ms since the epoch. */
  readonly now: number;
}

/** What to do. */
export type RunAction =
  /** Start the container of an attempt. */
  | { readonly type: "start"; readonly attempt: number }
  /** It runs, and its record does not say so. */
  | { readonly type: "adopt"; readonly container: ManagedContainer }
  /** Stop it, and look again. */
  | { readonly type: "stop"; readonly container: ManagedContainer; readonly why: StopWhy }
  /** It has ended: read what it left, then close the record. */
  | { readonly type: "collect"; readonly container: ManagedContainer }
  /** There is nothing to run or to read: close the record. */
  | { readonly type: "close"; readonly state: RunState; readonly reason: string }
  /** The record says all; the containers go. */
  | { readonly type: "remove"; readonly containers: readonly ManagedContainer[] }
  /** Look again later; `reason` is what it waits for. */
  | { readonly type: "wait"; readonly againInMs?: number; readonly reason?: string };

/** Why a run is stopped, and the words for its record. */
export interface StopWhy {
  /** The state that follows. */
  readonly state: "timed-out" | "failed";
  /** The words. */
  readonly reason: string;
}

/**
 * Decides about a run from what is in the ledger and on the engine, whatever happened before: each step can be the
 * last before a crash.
 */
export function planRun(situation: RunSituation): RunAction {
  const { record, containers } = situation;
  if (record.state === "claimed") return planClaimed(situation);
  if (record.state === "running") return planRunning(situation);
  const [container] = containers;
  if (!container) return { type: "wait" };
  // Its record was closed without it, by another scheduler or after a failure without a clear end: it knows better.
  const wasSeen = record.exitCode !== undefined || record.state !== "failed";
  if (wasSeen || !isThere(container)) return { type: "remove", containers };
  return container.phase === "exited" ? { type: "collect", container } : { type: "adopt", container };
}

/**
 * Why a run has to be stopped now, or was, when it has ended.
 *
 * @param container Its container, with the time of its start.
 * @returns The reason, or `undefined` when there is none.
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
    const reason = "its container is gone, removed by somebody else: how it ended is not known";
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
  // What an earlier attempt left is in its record already.
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
 * Two schedulers that claim different slots at the same time each see the other's record, or one of them does. The
 * later slot yields to the earlier; the earlier waits until the later has yielded or runs. So never do both run.
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
  if (failedStart && deadline === undefined && now - since.getTime() > START_RETRY_WINDOW_MS) {
    return { type: "close", state: "failed", reason: `it could not be started${waits}` };
  }
  return undefined;
}

function tooEarly({ record, failedStart, now }: RunSituation): RunAction | undefined {
  if (failedStart) {
    const dueAt = failedStart.at + backoffMs(failedStart.count, RETRY.runStart);
    if (isAhead(dueAt, now, RETRY.runStart.maxMs)) {
      return { type: "wait", againInMs: dueAt - now, reason: `waiting: ${failedStart.message}` };
    }
  }
  if (record.attempt > 0 && record.finishedAt) {
    const dueAt = record.finishedAt.getTime() + backoffMs(record.attempt, RETRY.run);
    if (isAhead(dueAt, now, RETRY.run.maxMs)) return { type: "wait", againInMs: dueAt - now };
  }
  return undefined;
}

/** A time beyond the longest wait was written before the clock was set back: nobody waits for it. */
function isAhead(dueAt: number, now: number, longestMs: number): boolean {
  return dueAt > now && dueAt - now <= longestMs;
}

/** A run that never began was skipped; one that is between two attempts has failed. */
function notBegun({ attempt }: RunRecord, reason: string): RunAction {
  if (attempt === 0) return { type: "close", state: "skipped", reason };
  return {
    type: "close",
    state: "failed",
    reason: `attempt ${attempt} failed, and no other follows: ${reason}`,
  };
}

function lost({ reason }: ManagedContainer): string {
  return `the host of its container was lost, how it ended is not known${reason ? `: ${reason}` : ""}`;
}

function isThere({ phase }: ManagedContainer): boolean {
  return phase === "running" || phase === "starting" || phase === "exited";
}

function isLater(one: RunRecord, other: RunRecord): boolean {
  return one.slot > other.slot || (one.slot === other.slot && one.id > other.id);
}
