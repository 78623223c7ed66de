/**
 * `berth schedule preview`: shows when a cron expression runs.
 *
 * @module
 */

import { dataDirOf } from "../../lib/runner/parse_docker_runner_config.ts";
import type { CronReading } from "../../services/cron/cron_schedule.ts";
import { CalendarBook, CALENDARS_FOLDER } from "../../services/calendars/calendar_book.ts";
import { type CliContext, EXIT } from "../context.ts";
import { previewSchedule } from "../../services/cron/schedule_preview.ts";
import { formatTable } from "../output/table.ts";

/** Options of {@linkcode schedulePreviewCommand}. */
export interface SchedulePreviewCommandOptions {
  /** The cron expression. */
  readonly expression: string;
  /** IANA name of a time zone. @default "UTC" */
  readonly timezone?: string;
  /** Name of the trading calendar on whose days it runs. @default every day */
  readonly calendar?: string;
  /** Number of times to show. @default 5 */
  readonly count?: number;
  /** Print one JSON document. */
  readonly json: boolean;
  /** Start of the preview, in Unix seconds. @default now */
  readonly now?: number;
}

const READINGS: Readonly<Record<CronReading, string>> = {
  "six-fields": "six fields, seconds first",
  "five-fields": "five fields, at second 0",
  descriptor: "a name",
  every: "an interval",
  session: "a time of a trading calendar",
};

/**
 * Prints the next times of a cron expression, and notes on surprises. Needs no engine.
 *
 * @param options The expression, and how to print.
 * @param context The command's context.
 * @returns 1 if the expression is invalid.
 */
export function schedulePreviewCommand(
  { expression, json, timezone, calendar, count = 5, now = Math.floor(Date.now() / 1000) }:
    SchedulePreviewCommandOptions,
  { terminal, env }: Pick<CliContext, "terminal" | "env">,
): number {
  const preview = previewSchedule(expression, {
    ...(timezone !== undefined && { timezone }),
    ...(calendar !== undefined && { calendar }),
    calendars: new CalendarBook(`${dataDirOf(env)}/${CALENDARS_FOLDER}`),
    count,
    now,
  });
  const failed = "problem" in preview;
  if (json) terminal.out(JSON.stringify(failed ? { expression, ...preview } : preview, null, 2));
  else if (failed) terminal.note(`berth: this schedule cannot run: ${preview.problem}.`);
  else {
    const { reading, times, notes } = preview;
    const isUtc = preview.timezone === "UTC";
    const [head = "", ...rows] = formatTable([
      ["UTC", ...(isUtc ? [] : [`local (${preview.timezone})`])],
      ...times.map(({ utc, local }) => [readable(utc), ...(isUtc ? [] : [readable(local)])]),
    ]);
    terminal.out(`Read as ${READINGS[reading]}, in ${preview.timezone}.\n`);
    terminal.out(terminal.paint("bold", head));
    for (const row of rows) terminal.out(row);
    if (notes.length > 0) terminal.out("");
    for (const note of notes) terminal.out(`${terminal.paint("yellow", "note:")} ${note}`);
  }
  return failed ? EXIT.failed : EXIT.ok;
}

/** Formats a time such as `2026-05-05T10:00:00+02:00` with the day of the week, and spaces. */
function readable(time: string): string {
  const [, date = "", clock = "", offset = ""] = /^([^\sT]+)T(.{8})(.*)$/.exec(time) ?? [];
  const day = new Date(`${date}T00:00:00Z`).toUTCString().slice(0, 3);
  return [day, date, clock, ...(offset === "Z" ? [] : [offset])].join(" ");
}
