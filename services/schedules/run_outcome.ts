/**
 * Computes the record of a run whose container has ended. Pure: no I/O, no clock.
 *
 * @module
 */

import { describeExit } from "../../lib/runner/describe_exit.ts";
import type { CollectedRun } from "../../lib/runner/runner.ts";
import type { StopWhy } from "./run_plan.ts";
import type { RunChange, RunRecord } from "./run_repository.ts";

/** A run whose container has ended. */
export interface EndedRun {
  /** Its record. */
  readonly record: RunRecord;
  /** Number of the attempt that has ended. */
  readonly attempt: number;
  /** The outcome collected from its container. */
  readonly collected: CollectedRun;
  /** Why it was stopped, or would have been. */
  readonly why?: StopWhy;
  /** Whether this process stopped it. Otherwise, its exit code shows whether somebody else did. */
  readonly wasStopped: boolean;
  /** How often a failed run is retried. */
  readonly retries: number;
}

/**
 * Closes the record of a run, or claims it again for another attempt.
 *
 * @param ended The run.
 * @returns The change of the record.
 */
export function runOutcome(ended: EndedRun): RunChange {
  const { record, attempt, collected } = ended;
  const { exitCode, startedAt, finishedAt, result } = collected;
  return {
    ...verdict(ended),
    attempt,
    ...(exitCode !== undefined && { exitCode }),
    startedAt,
    finishedAt,
    durationMs: Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    ...(record.startLagMs === undefined && { startLagMs: startedAt.getTime() - record.slot * 1000 }),
    resultStatus: result.problem ?? "stored",
    ...(result.key !== undefined && { result: result.key }),
  };
}

function verdict(
  { collected, why, wasStopped, attempt, retries }: EndedRun,
): Required<Pick<RunChange, "state" | "reason">> {
  const { exitCode, message, result } = collected;
  if (why && (wasStopped || exitCode !== 0)) {
    return { state: why.state, reason: `${why.reason}; ${describeExit(collected)}` };
  }
  // A stopped run may still have ended well after SIGTERM.
  if (exitCode === 0 && message === undefined) {
    const attempts = attempt > 1 ? [`succeeded at attempt ${attempt}`] : [];
    const missing = result.problem ? [`it left no usable result: ${result.message ?? result.problem}`] : [];
    return { state: "succeeded", reason: [...attempts, ...missing].join("; ") };
  }
  if (attempt > retries) return { state: "failed", reason: message ?? "" };
  return { state: "claimed", reason: `attempt ${attempt} of ${retries + 1} failed: ${message}` };
}
