/**
 * Bots and schedules as tables for people.
 *
 * @module
 */

import { type BotRow, describeBot } from "./bot_rows.ts";
import { formatDuration } from "./duration.ts";
import { describeLast, describeNext, type ScheduleRow } from "./schedule_rows.ts";
import { formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/** A cell that others stand behind is shown up to so many characters. */
const MAX_CELL_WIDTH = 60;

/** What {@linkcode botTable} is told besides the bots. */
export interface BotTableOptions {
  /** Whether the engine did not answer: what the bots are doing is not known. */
  readonly isUnknown: boolean;
  /** The time, in ms since the epoch. */
  readonly now: number;
}

/**
 * Bots, a line each, below a line of headings.
 *
 * @param rows The bots.
 * @returns The lines; none when there are no bots.
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
 * Schedules, a line each, below a line of headings.
 *
 * @param rows The schedules.
 * @param now The time, in ms since the epoch.
 * @returns The lines; none when there are no schedules.
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

/** An expression can be as long as its author likes. */
function clip(text: string): string {
  return text.length > MAX_CELL_WIDTH ? `${text.slice(0, MAX_CELL_WIDTH)}…` : text;
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}
