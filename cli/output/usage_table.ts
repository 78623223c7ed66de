/**
 * Formats what containers use.
 *
 * @module
 */

import type { Usage } from "../../services/contract/events.ts";
import { formatTable, type FormatTableOptions } from "./table.ts";
import { printable } from "./terminal.ts";

/** The usage of a container, with its load. */
export interface UsageRate extends Usage {
  /** Load in percent of one processor since the measurement before; `null` if there was none. */
  readonly cpuPercent: number | null;
}

/**
 * Calculates the load of each container between two measurements.
 *
 * @param before The measurement before.
 * @param now The measurement.
 */
export function usageRates(before: readonly Usage[], now: readonly Usage[]): UsageRate[] {
  const earlier = new Map(before.map((usage) => [usage.containerId, usage]));
  return now.map((usage) => {
    const first = earlier.get(usage.containerId);
    const seconds = first ? (Date.parse(usage.time) - Date.parse(first.time)) / 1000 : 0;
    const load = seconds > 0 ? 100 * (usage.cpuSeconds - first!.cpuSeconds) / seconds : undefined;
    return { ...usage, cpuPercent: load === undefined ? null : Math.round(load * 10) / 10 };
  });
}

/**
 * Formats loads as a table with headings, the busiest container first.
 *
 * @param rates The loads.
 * @param options Width of the screen.
 */
export function usageTable(rates: readonly UsageRate[], options: FormatTableOptions = {}): string[] {
  const sorted = rates.toSorted((a, b) =>
    (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || b.memoryBytes - a.memoryBytes
  );
  const rows = sorted.map((rate) => [
    printable(rate.id),
    rate.kind,
    rate.cpuPercent === null ? "-" : `${rate.cpuPercent.toFixed(1)} %`,
    megabytes(rate.memoryBytes),
    rate.memoryLimitBytes === undefined ? "-" : megabytes(rate.memoryLimitBytes),
    String(rate.processes ?? "-"),
    String(rate.restarts),
  ]);
  return formatTable([["BOT", "KIND", "CPU", "MEMORY", "LIMIT", "PROCESSES", "RESTARTS"], ...rows], options);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
