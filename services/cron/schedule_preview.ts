/**
 * Predicts when a cron expression runs, and points out surprises.
 *
 * @module
 */

import type { Calendars } from "../calendars/calendar.ts";
import { shippedCalendars } from "../calendars/calendar_book.ts";
import { keepToDays, nextRun } from "./trading_days.ts";
import { type ClockChange, clockChanges, utcOffset } from "../../lib/util/time_zone.ts";
import { type CronReading, type CronSchedule, parseCronSchedule } from "./cron_schedule.ts";
import { parseGoDuration } from "../../lib/util/parse_go_duration.ts";
import { type CronExpression, readCronExpression } from "./read_cron_expression.ts";

/** One time at which a schedule runs. */
export interface PreviewTime {
  /** Unix seconds. */
  readonly slot: number;
  /** ISO 8601 in UTC. */
  readonly utc: string;
  /** ISO 8601 in the schedule's time zone, with the offset. */
  readonly local: string;
}

/** The next runs of a schedule. */
export interface SchedulePreview {
  /** The expression as given. */
  readonly expression: string;
  /** The form of the expression. */
  readonly reading: CronReading;
  /** IANA name of the time zone whose wall clock applies. */
  readonly timezone: string;
  /** The next times. */
  readonly times: readonly PreviewTime[];
  /** Surprises, one per line. */
  readonly notes: readonly string[];
}

/** Options of {@linkcode previewSchedule}. */
export interface SchedulePreviewOptions {
  /** IANA name of a time zone. */
  readonly timezone?: string;
  /** Name of the trading calendar on whose days it runs. */
  readonly calendar?: string;
  /** The trading calendars. @default those that Berth ships */
  readonly calendars?: Calendars;
  /** Number of times. */
  readonly count: number;
  /** Start of the preview, in Unix seconds. */
  readonly now: number;
}

const YEAR_SECONDS = 366 * 86_400;

/**
 * Computes the next times of an expression. Notes clock changes within a year, or until the last of the
 * times.
 *
 * @param expression The cron expression.
 * @param options The time zone, the start and the number of times.
 * @returns The times and notes, or one line that says why there are none.
 */
export function previewSchedule(
  expression: string,
  { timezone, calendar, calendars = shippedCalendars, count, now }: SchedulePreviewOptions,
): SchedulePreview | { readonly problem: string } {
  const parsed = parseCronSchedule(expression, timezone, calendars);
  if ("problem" in parsed) return parsed;
  const kept = calendar === undefined ? parsed : keepToDays(parsed.schedule, calendar, calendars);
  if ("problem" in kept) return kept;
  const { schedule } = kept;
  const times: PreviewTime[] = [];
  for (
    let slot = nextRun(schedule, now);
    slot !== undefined && times.length < count;
    slot = nextRun(schedule, slot)
  ) {
    times.push({ slot, utc: `${iso(slot)}Z`, local: localTime(slot, utcOffset(schedule.timezone, slot)) });
  }
  const read = readCronExpression(expression);
  const until = Math.max(now + YEAR_SECONDS, times.at(-1)?.slot ?? now);
  const notes = "problem" in read
    ? []
    : read.reading === "every"
    ? everyNotes(expression, read.seconds)
    : read.reading === "session"
    ? ["it follows the sessions of the exchange: early closes move it, and closed days have none"]
    : [...dayNotes(read), ...clockNotes(schedule, read, clockChanges(schedule.timezone, now, until))];
  return {
    expression,
    reading: schedule.reading,
    timezone: schedule.timezone,
    times,
    notes: [...notes, ...(times.length < count && schedule.whyEnds ? [schedule.whyEnds] : [])],
  };
}

function everyNotes(expression: string, seconds: number): string[] {
  const duration = parseGoDuration(expression.slice(expression.indexOf("@every ") + 7).trim());
  const cut = duration !== BigInt(seconds) * 1_000_000_000n;
  return [
    `every ${seconds} s from one time to the next, counted from now here; it follows no clock`,
    ...(cut ? ["durations are cut to whole seconds, and are at least 1 s"] : []),
  ];
}

function dayNotes({ fields: [, , , dayOfMonth, , dayOfWeek] }: Fielded): string[] {
  if (dayOfMonth.star || dayOfWeek.star) return [];
  const daily = dayOfMonth.values.length === 31 || dayOfWeek.values.length === 7;
  return [
    "day-of-month and day-of-week are both restricted: it runs on days that match either" +
    (daily ? ", and as one of them has every day, it runs every day" : ""),
  ];
}

type Fielded = Extract<CronExpression, { readonly fields: unknown }>;

function clockNotes(schedule: CronSchedule, read: Fielded, changes: readonly ClockChange[]): string[] {
  const everyHour = read.fields[2].values.length === 24;
  // The same expression in UTC shows whether it has times in the skipped or repeated period.
  const plain = parseCronSchedule(schedule.expression.replace(/^(?:CRON_)?TZ=\S* +/, ""));
  return changes.map(({ at, before, after }) => {
    const [from, to] = [iso(at + before), iso(at + after)];
    const change = `${from.slice(0, 10)}: clocks go from ${from.slice(11)} to ${to.slice(11)}`;
    if (everyHour) return `${change}; it runs in every hour, and goes on by elapsed time`;
    const [low, high] = [Math.min(before, after), Math.max(before, after)];
    const touched = "schedule" in plain && (plain.schedule.next(at + low - 1) ?? Infinity) < at + high;
    if (!touched) {
      return `${change}; none of its times ${
        after > before ? "is skipped" : "comes twice"
      }, but in UTC they move`;
    }
    return after > before
      ? `${change}; what is skipped runs once, at ${to.slice(11)}`
      : `${change}; what comes twice runs once, the first time`;
  });
}

/** Date and time without an offset. */
function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

function localTime(slot: number, offset: number): string {
  const [sign, size] = offset < 0 ? ["-", -offset] as const : ["+", offset] as const;
  return `${iso(slot + offset)}${sign}${new Date(size * 1000).toISOString().slice(11, 16)}`;
}
