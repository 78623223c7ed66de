/**
 * Decides the next action for one backtest. Pure: no I/O, no clock.
 *
 * @module
 */

import { describeExit } from "../../lib/runner/describe_exit.ts";
import type { CollectedRun, ManagedContainer } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { BacktestRecord, BacktestState } from "./backtest_record.ts";

/** How long a backtest waits for an engine or an object store, in ms. */
const START_RETRY_WINDOW_MS = 5 * 60_000;

/** A start that failed. */
export interface FailedBacktestStart {
  /** Time of the first failure, in ms since the epoch. */
  readonly since: number;
  /** Time of the last failure, in ms since the epoch. */
  readonly at: number;
  /** Number of failures in a row. */
  readonly count: number;
  /** The error in one line. */
  readonly message: string;
  /** Whether a retry may succeed. */
  readonly isTransient: boolean;
}

/** State of a backtest that this service runs. */
export interface BacktestSituation {
  /** Its record. */
  readonly record: BacktestRecord;
  /** Its container, if there is one. */
  readonly container: ManagedContainer | undefined;
  /** Its last start, if it failed. */
  readonly failedStart: FailedBacktestStart | undefined;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/** The next action. */
export type BacktestAction =
  /** Start the container. */
  | { readonly type: "start" }
  /** Record that the container runs. */
  | { readonly type: "adopt"; readonly container: ManagedContainer }
  /** Stop the container, then collect. */
  | { readonly type: "stop"; readonly container: ManagedContainer }
  /** The container has ended: collect its result, then close the record. */
  | { readonly type: "collect"; readonly container: ManagedContainer }
  /** Nothing to run or to collect: close the record. */
  | { readonly type: "close"; readonly state: BacktestState; readonly reason: string }
  /** The record is closed: remove the container. */
  | { readonly type: "remove"; readonly container: ManagedContainer }
  /** Look again after this time, or when something happens. */
  | { readonly type: "wait"; readonly againInMs?: number };

/**
 * Decides from the record and the engine alone, because a crash may have happened after any earlier step.
 *
 * @param situation The state of the backtest.
 */
export function planBacktest({ record, container, failedStart, now }: BacktestSituation): BacktestAction {
  if (record.state !== "running") return container ? { type: "remove", container } : { type: "wait" };
  if (!container || container.phase === "pending") {
    if (record.startedAt) {
      const reason = "its container is gone, removed by somebody else: its outcome is unknown";
      return { type: "close", state: "failed", reason };
    }
    return planStart(record, failedStart, now);
  }
  if (container.phase === "lost") {
    return { type: "close", state: "failed", reason: "the host of its container was lost" };
  }
  if (container.phase === "exited") return { type: "collect", container };
  if (record.cancelledBy !== undefined) return { type: "stop", container };
  return record.startedAt ? { type: "wait" } : { type: "adopt", container };
}

/** How a backtest came to its end: by itself, or stopped by this service, within its grace period or not. */
export type BacktestEnd = "ended" | "stopped" | "killed";

/**
 * Computes the end of a backtest from what was collected.
 *
 * @param record Its record.
 * @param collected The outcome collected from its container.
 * @param how How it came to its end.
 */
export function backtestOutcome(
  { cancelledBy }: Pick<BacktestRecord, "cancelledBy">,
  collected: CollectedRun,
  how: BacktestEnd,
): Partial<BacktestRecord> & Pick<BacktestRecord, "state"> {
  const { exitCode, startedAt, finishedAt, message, result } = collected;
  const isCancelled = cancelledBy !== undefined && (how !== "ended" || exitCode !== 0);
  const isGood = exitCode === 0 && message === undefined;
  const missing = result.problem ? `it left no usable result: ${result.message ?? result.problem}` : "";
  return {
    state: isCancelled ? "cancelled" : isGood ? "succeeded" : "failed",
    reason: isCancelled
      ? `cancelled by ${cancelledBy}; ${how === "killed" ? "it was killed after its grace period; " : ""}${
        describeExit(collected)
      }`
      : isGood
      ? missing
      : message ?? `It ended with exit code ${exitCode}.`,
    ...(exitCode !== undefined && { exitCode }),
    startedAt,
    finishedAt,
    durationMs: Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    resultStatus: result.problem ?? "stored",
    ...(result.key !== undefined && { result: result.key }),
  };
}

function planStart(
  { cancelledBy }: BacktestRecord,
  failed: FailedBacktestStart | undefined,
  now: number,
): BacktestAction {
  if (cancelledBy !== undefined) {
    return { type: "close", state: "cancelled", reason: `cancelled by ${cancelledBy} before it was started` };
  }
  if (!failed) return { type: "start" };
  if (!failed.isTransient || now - failed.since > START_RETRY_WINDOW_MS) {
    return { type: "close", state: "failed", reason: `it could not be started: ${failed.message}` };
  }
  const waitMs = failed.at + backoffMs(failed.count, RETRY.runStart) - now;
  // A time far ahead was noted before the clock was set back.
  return waitMs > 0 && waitMs <= RETRY.runStart.maxMs
    ? { type: "wait", againInMs: waitMs }
    : { type: "start" };
}
