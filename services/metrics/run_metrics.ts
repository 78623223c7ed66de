/**
 * Metrics of scheduled runs: how they ended, how late they began, and how many are open.
 *
 * @module
 */

import type { RunRecord, RunState } from "../schedules/run_repository.ts";
import type { ScheduleState } from "../schedules/schedule_state.ts";
import type { MetricFamilies } from "./metric_families.ts";

/** The part of the schedule service that the metrics read. */
export type SchedulesPort = Pick<ScheduleState, "getMetrics" | "subscribe">;

/** Upper bounds of delays, in seconds. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600];
/** Upper bounds of durations of runs, in seconds. */
const DURATION_BUCKETS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600];

const ENDS: readonly RunState[] = ["succeeded", "failed", "timed-out", "skipped"];

/**
 * Shows the runs of a scheduler.
 *
 * @param families Where the metrics are made.
 * @param schedules The scheduler's state.
 */
export function showRuns(families: MetricFamilies, schedules: SchedulesPort): void {
  const ended = families.counter("berth_runs_total", "Runs of schedules that have ended, by how.", [
    "outcome",
  ]);
  for (const outcome of ENDS) ended.inc({ outcome }, 0);
  const durations = families.histogram(
    "berth_run_duration_seconds",
    "How long runs took, from the start of the container to its exit.",
    DURATION_BUCKETS,
  );
  const lags = families.histogram(
    "berth_schedule_lag_seconds",
    "Time from the slot of a schedule to the start of its container.",
    LAG_BUCKETS,
  );
  const open = families.gauge(
    "berth_runs_open",
    "Open runs: those that run, and those that wait for others to end.",
    ["state"],
  );
  /** Open runs that have begun. */
  const begun = new Set<string>();
  schedules.subscribe((record) => {
    const { id, state } = record;
    if (isFirstStart(record) && !begun.has(id)) {
      begun.add(id);
      lags.observe(record.startLagMs / 1000);
    }
    if (!ENDS.includes(state)) return;
    begun.delete(id);
    ended.inc({ outcome: state });
    if (record.durationMs !== undefined) durations.observe(record.durationMs / 1000);
  });
  families.onPage(() => {
    const { running, waiting } = schedules.getMetrics();
    open.set({ state: "running" }, running);
    open.set({ state: "waiting" }, waiting);
  });
}

/** A run that somebody asked for, or that catches up, has no slot that it could be late for. */
function isFirstStart(record: RunRecord): record is RunRecord & { readonly startLagMs: number } {
  const { state, trigger, attempt, startLagMs } = record;
  return state === "running" && trigger === "schedule" && attempt === 1 && startLagMs !== undefined;
}
