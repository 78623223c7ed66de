/**
 * Makes and reads pages of metrics in Prometheus' text format.
 *
 * @module
 */

import { ServiceState } from "../../services/bots/service_state.ts";
import { ServiceMetrics } from "../../services/metrics/service_metrics.ts";
import { ScheduleState } from "../../services/schedules/schedule_state.ts";

/**
 * Gives the samples of a page.
 *
 * @param page The page.
 * @returns Values by name with labels, for example `berth_bot_up{bot="a"}`.
 */
export function samplesOf(page: string): Map<string, number> {
  return new Map(
    page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1).replace("Inf", "Infinity"))];
    }),
  );
}

/** Prints a page with every metric that there is. */
export function fullPage(): string {
  const metrics = new ServiceMetrics({ version: "0.0.0" });
  metrics.watchBots({ bots: new ServiceState(), runner: { latestMetric: () => undefined }, allowed: [] });
  metrics.watchSchedules(new ScheduleState());
  metrics.notifications.watchPending(() => 0);
  for (const service of ["bots", "schedules", "backtests"] as const) {
    metrics.queue(service).watchDepth(() => 0);
  }
  return metrics.page("text").body;
}
