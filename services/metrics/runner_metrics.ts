/**
 * Metrics of the runner: calls to the engine, starts of containers, and what becomes of their logs.
 *
 * @module
 */

import type { RunnerMeter } from "../../lib/runner/runner_meter.ts";
import type { MetricFamilies } from "./metric_families.ts";

/** Upper bounds of the duration of calls, in seconds. A stop takes as long as its bot does. */
const CALL_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];
/** Upper bounds of the duration of starts, in seconds. An image may have to be pulled. */
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];
/** Upper bounds of the age of lines, in seconds. By default they are stored every 30 s. */
const LAG_BUCKETS = [1, 5, 15, 30, 45, 60, 120, 600, 3600];

/**
 * Makes the meter of a runner.
 *
 * @param families Where the metrics are made.
 */
export function makeRunnerMeter(families: MetricFamilies): RunnerMeter {
  const calls = families.histogram(
    "berth_engine_call_duration_seconds",
    "How long the container engine took to answer, by what was asked of it.",
    CALL_BUCKETS,
    ["call"],
  );
  const callErrors = families.counter(
    "berth_engine_call_errors_total",
    "Calls that the container engine did not answer, by what was asked of it.",
    ["call"],
  );
  for (const call of ["list", "read", "measure", "start", "stop", "remove"]) callErrors.inc({ call }, 0);
  const starts = families.histogram(
    "berth_container_start_duration_seconds",
    "How long starts of containers took, with code, image and dependencies.",
    START_BUCKETS,
    ["kind"],
  );
  const startErrors = families.counter(
    "berth_container_start_errors_total",
    "Starts of containers that failed.",
    ["kind"],
  );
  for (const kind of ["bot", "run", "backtest"]) startErrors.inc({ kind }, 0);
  const lines = families.counter("berth_log_lines_total", "Lines of containers that were stored.");
  const bytes = families.counter("berth_log_bytes_total", "Size of the stored lines when they were printed.");
  const lags = families.histogram(
    "berth_log_lag_seconds",
    "Age of the oldest line of each write when it was stored.",
    LAG_BUCKETS,
  );
  const gaps = families.counter(
    "berth_log_gaps_total",
    "Places in logs where lines are lost because the engine dropped them before they were stored.",
  );
  const lost = families.counter("berth_log_lost_lines_total", "Lost lines, as far as they could be counted.");
  const failing = families.gauge(
    "berth_logs_failing",
    "Containers whose output cannot be stored at the moment.",
  );
  return {
    engineCalled(call, durationMs, hasFailed) {
      calls.observe({ call }, durationMs / 1000);
      if (hasFailed) callErrors.inc({ call });
    },
    containerStarted(kind, durationMs, hasFailed) {
      if (hasFailed) startErrors.inc({ kind });
      else starts.observe({ kind }, durationMs / 1000);
    },
    linesStored(stored) {
      lines.inc(stored.lines);
      bytes.inc(stored.bytes);
      lags.observe(stored.lagMs / 1000);
    },
    linesLost(_id, count) {
      gaps.inc();
      lost.inc(count);
    },
    watchFailingLogs: (read) => families.onPage(() => failing.set(read())),
  };
}
