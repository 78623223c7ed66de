/**
 * Metrics of the queues: passes, their durations and errors, and how much waits.
 *
 * @module
 */

import type { MeteredService, QueueMeter } from "../control/meter.ts";
import type { MetricFamilies } from "./metric_families.ts";

/** Upper bounds of durations of passes, in seconds. A pass may wait for a bot to stop. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 30, 120];

/** Takes the measurements of all queues. */
export class QueueMetrics {
  readonly #durations;
  readonly #errors;
  readonly #depths = new Map<MeteredService, () => number>();

  /** @param families Where its metrics are made. */
  constructor(families: MetricFamilies) {
    this.#durations = families.histogram(
      "berth_reconcile_duration_seconds",
      "How long a pass over a bot, a run or a backtest took.",
      BUCKETS,
      ["service"],
    );
    this.#errors = families.counter(
      "berth_reconcile_errors_total",
      "Passes that failed and are repeated.",
      ["service"],
    );
    const depth = families.gauge(
      "berth_queue_depth",
      "Bots, runs and backtests that wait for a worker.",
      ["service"],
    );
    families.onPage(() => {
      for (const [service, read] of this.#depths) depth.set({ service }, read());
    });
  }

  /**
   * Gives the meter of a service's queue.
   *
   * @param service The service.
   */
  of(service: MeteredService): QueueMeter {
    const durations = this.#durations.labels({ service });
    const errors = this.#errors.labels({ service });
    // The series exist from the beginning, so that the first error shows as an increase.
    errors.inc(0);
    return {
      watchDepth: (depth) => void this.#depths.set(service, depth),
      passed(durationMs, hasFailed) {
        durations.observe(durationMs / 1000);
        if (hasFailed) errors.inc();
      },
    };
  }
}
