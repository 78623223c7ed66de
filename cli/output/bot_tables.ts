/**
 * Formats bots and schedules as tables.
 *
 * @module
 */

import type { BotSummary } from "../../services/contract/bots.ts";
import type { ScheduleSummary } from "../../services/contract/schedules.ts";
import { formatDuration } from "./duration.ts";
import { guardCell } from "./guard_words.ts";
import { describeLast, describeNext, runWords } from "./schedule_words.ts";
import { formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/** Options of the tables. */
export interface TableOptions {
  /** Current time in ms since the epoch. */
  readonly now: number;
  /** Whether to show all columns. */
  readonly wide: boolean;
  /** Width of the screen, to which cells are shortened. @default {cells are not shortened} */
  readonly columns?: number | undefined;
}

/** A column: its heading and its cells. */
type Column<T> = readonly [heading: string, cell: (row: T) => string | undefined, isWide?: "wide"];

/** Only where there are guards. */
const guardColumn: Column<BotSummary> = ["GUARDS", ({ guards }) => guardCell(guards), "wide"];

/** Only on a cluster. */
const nodeColumn: Column<BotSummary> = ["NODE", ({ node }) => node];

/**
 * Formats bots as a table with headings.
 *
 * @param bots The bots.
 * @param options How.
 * @returns The lines; none without bots.
 */
export function botTable(bots: readonly BotSummary[], options: TableOptions): string[] {
  return toTable<BotSummary>(bots, options, [
    ["BOT", ({ id }) => id],
    ["VERSION", ({ version }) => version],
    ["RUNTIME", ({ runtime }) => runtime],
    ["ENABLED", ({ enabled }) => enabled ? "yes" : "no"],
    ["STARTS", ({ attempt }) => attempt?.toString()],
    ["SINCE", ({ since }) => since && ago(since, options.now)],
    ...(bots.some(({ node }) => node) ? [nodeColumn] : []),
    ["CONTAINER", ({ containerId }) => containerId?.slice(0, 12), "wide"],
    ["LABELS", ({ labels }) => labels && describeLabels(labels), "wide"],
    ...(bots.some(({ guards }) => guards) ? [guardColumn] : []),
    ["STATE", ({ condition }) => condition],
  ]);
}

/**
 * Formats schedules as a table with headings.
 *
 * @param schedules The schedules.
 * @param options How.
 * @returns The lines; none without schedules.
 */
export function scheduleTable(schedules: readonly ScheduleSummary[], options: TableOptions): string[] {
  return toTable<ScheduleSummary>(schedules, options, [
    ["SCHEDULE", ({ id }) => id],
    ["VERSION", ({ version }) => version],
    ["RUNTIME", ({ runtime }) => runtime, "wide"],
    ["ENABLED", ({ enabled }) => enabled ? "yes" : "no"],
    ["RUNS AT", ({ schedule }) => schedule],
    [
      "NEXT",
      ({ enabled, problem, next }) =>
        describeNext({ enabled, problem, next: next === undefined ? null : new Date(next) }, options.now),
    ],
    [
      "LAST",
      ({ problem, lastRun }) =>
        describeLast({ problem, last: lastRun ? runWords(lastRun) : null }, options.now),
    ],
  ]);
}

/**
 * Formats labels as `name=value`.
 *
 * @param labels The labels.
 */
export function describeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(",");
}

/**
 * Formats the time since a point in time.
 *
 * @param time RFC 3339.
 * @param now Current time in ms since the epoch.
 */
export function ago(time: string, now: number): string {
  return formatDuration(Math.max(0, now - Date.parse(time)));
}

function toTable<T>(
  rows: readonly T[],
  { wide, columns }: TableOptions,
  all: readonly Column<T>[],
): string[] {
  if (rows.length === 0) return [];
  const shown = all.filter(([, , isWide]) => wide || !isWide);
  const cells = rows.map((row) => shown.map(([, cell]) => printable(cell(row) || "-")));
  return formatTable([shown.map(([heading]) => heading), ...cells], { columns: wide ? undefined : columns });
}
