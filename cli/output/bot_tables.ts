/**
 * Formats bots and schedules as tables.
 *
 * @module
 */

import { type BotRow, describeBot } from "./bot_rows.ts";
import { formatDuration } from "./duration.ts";
import type { ScheduleRow } from "./schedule_rows.ts";
import { describeLast, describeNext } from "./schedule_words.ts";
import { clip, formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/** Options of {@linkcode botTable}. */
export interface BotTableOptions {
  /** Whether the state of the bots is unknown, because the engine did not answer. */
  readonly isUnknown: boolean;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/**
 * Formats bots as a table with headings.
 *
 * @param rows The bots.
 * @param options The time, and whether states are known.
 * @returns The lines; none without bots.
 */
export function botTable(rows: readonly BotRow[], { isUnknown, now }: BotTableOptions): string[] {
  return toTable(["BOT", "VERSION", "RUNTIME", "ENABLED", "STARTS", "SINCE", "STATE"], rows, (row) => [
    row.id,
    row.version ?? "-",
    row.runtime ?? "-",
    row.enabled === null ? "-" : yesOrNo(row.enabled),
    String(row.attempt ?? "-"),
    row.since ? formatDuration(Math.max(0, now - row.since.getTime())) : "-",
    isUnknown && row.problem === undefined ? "not known" : describeBot(row),
  ]);
}

/**
 * Formats schedules as a table with headings.
 *
 * @param rows The schedules.
 * @param now Current time in ms since the epoch.
 * @returns The lines; none without schedules.
 */
export function scheduleTable(rows: readonly ScheduleRow[], now: number): string[] {
  return toTable(["SCHEDULE", "VERSION", "RUNTIME", "ENABLED", "RUNS AT", "NEXT", "LAST"], rows, (row) => [
    row.id,
    row.version ?? "-",
    row.runtime ?? "-",
    yesOrNo(row.enabled),
    clip(row.schedule ?? "-"),
    describeNext(row, now),
    describeLast(row, now),
  ]);
}

function toTable<T>(
  headings: readonly string[],
  rows: readonly T[],
  toCells: (row: T) => readonly string[],
): string[] {
  if (rows.length === 0) return [];
  return formatTable([headings, ...rows.map((row) => toCells(row).map(printable))]);
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}
