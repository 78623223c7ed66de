/**
 * Metrics of the process itself, under the names that every Prometheus client uses.
 *
 * @module
 */

import process from "node:process";
import type { MetricFamilies } from "./metric_families.ts";

/**
 * Shows version, memory and processor time of this process.
 *
 * @param families Where the metrics are made.
 * @param version Version of Berth.
 */
export function showProcess(families: MetricFamilies, version: string): void {
  families.gauge("berth_build_info", "1; the labels say which Berth and which Deno run.", ["version", "deno"])
    .set({ version, deno: Deno.version.deno }, 1);
  families.gauge("process_start_time_seconds", "When the process began, as Unix time.")
    .set(performance.timeOrigin / 1000);
  const memory = families.gauge(
    "process_resident_memory_bytes",
    "Memory of the process, without what is swapped out.",
  );
  const cpu = families.counter("process_cpu_seconds_total", "Processor time of the process.");
  families.onPage(() => {
    memory.set(Deno.memoryUsage().rss);
    const { user, system } = process.cpuUsage();
    cpu.reset();
    cpu.inc((user + system) / 1e6);
  });
}
