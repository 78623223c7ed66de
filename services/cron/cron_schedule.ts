/**
 * Cron schedules: parses expressions and computes the next time of each. An expression means what it means to
 * robfig/cron 3.0.1, for which existing schedules were written; croner computes the times.
 *
 * When the clocks of a time zone change, a schedule that names its hours follows the wall clock: a skipped
 * time runs at the first instant after the gap, and a repeated time runs only the first time. A schedule that
 * runs in every hour follows elapsed time: it has no slot in a gap, and runs in both of two equal hours.
 * (robfig/cron drops skipped times and runs repeated ones twice.)
 *
 * @module
 */

import { Cron } from "croner";
import type { Calendars } from "../calendars/calendar.ts";
import { shippedCalendars } from "../calendars/calendar_book.ts";
import { describeEnd } from "../calendars/calendar_end.ts";
import { typeName } from "../documents/document_fields.ts";
import { CRON_FIELDS, type CronValues, quote } from "./cron_field.ts";
import { type CronFields, type CronProblem, readCronExpression } from "./read_cron_expression.ts";
import { nextSessionTime, type SessionTime } from "./session_times.ts";
import { findTimeZone } from "../../lib/util/time_zone.ts";

/** The form of an expression. */
export type CronReading =
  /** Six fields, seconds first. */
  | "six-fields"
  /** The standard five fields; fires at second 0. */
  | "five-fields"
  /** A name such as `@daily`. */
  | "descriptor"
  /** `@every` and a duration, counted from slot to slot, whatever the time of day. */
  | "every"
  /** `@open` or `@close` of a trading calendar, whose time zone applies. */
  | "session";

/** A schedule's times. */
export interface CronSchedule {
  /** The expression as given. */
  readonly expression: string;
  /** The form of the expression. */
  readonly reading: CronReading;
  /** IANA name of the time zone whose wall clock applies. */
  readonly timezone: string;
  /**
   * Returns the next slot.
   *
   * @param after Unix seconds; for `@every`, the previous slot or now.
   * @returns The first slot later than `after`, in Unix seconds; `undefined` if there is none.
   */
  next(after: number): number | undefined;
  /** Whether a time is a slot. For `@every`, any whole second may be one. @param slot Unix seconds. */
  has(slot: number): boolean;
  /** Name of the trading calendar on whose days it runs; absent if it runs on each. */
  readonly calendar?: string;
  /** Name of the trading calendar whose sessions its expression follows; absent if it follows none. */
  readonly followed?: string;
  /** Why it has no more slots once {@linkcode next} finds none; absent if nothing more is known. */
  readonly whyEnds?: string;
  /** Why a slot is skipped; `undefined` if it runs. Absent if no slot is. @param slot Unix seconds. */
  whySkipped?(slot: number): string | undefined;
  /** Like {@linkcode next}, without slots that are skipped. Absent if none is. @param after Unix seconds. */
  nextRun?(after: number): number | undefined;
}

/** A parsed expression, or one line that says what is wrong and, if known, in which field. */
export type ParsedCron = { readonly schedule: CronSchedule } | { readonly problem: string };

/** Days of each month, January first, in a leap year. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Largest Unix time that JavaScript dates can represent, in seconds. */
const MAX_SECONDS = 8.64e12;

/**
 * Parses a cron expression. Never throws.
 *
 * Accepts six fields (seconds first), the standard five, `@hourly`, `@daily`, `@midnight`, `@weekly`,
 * `@monthly`, `@yearly`, `@annually`, and `@every DURATION` (whole seconds, at least one). If both
 * day-of-month and day-of-week are restricted, either is enough; a field with `*` or `?` in its list, without
 * a step above 1, does not restrict. There is no `L`, `W` or `#`, no year, and Sunday is 0.
 *
 * The time zone comes from a prefix `TZ=ZONE ` or `CRON_TZ=ZONE `, from `timezone`, or is UTC. If both are
 * given, they must agree.
 *
 * `@open CALENDAR` and `@close CALENDAR`, with an offset such as `+15m`, follow the sessions of an exchange, and its
 * time zone.
 *
 * @param expression The expression.
 * @param timezone IANA name of a time zone; `undefined`, `null` or an empty string for UTC.
 * @param calendars The trading calendars. @default those that Berth ships
 * @returns Its times up to the year 3000, or one line that says why there are none: the expression is invalid
 * or never fires.
 */
export function parseCronSchedule(
  expression: unknown,
  timezone?: unknown,
  calendars: Calendars = shippedCalendars,
): ParsedCron {
  if (typeof expression !== "string") return { problem: `must be a string (is ${typeName(expression)})` };
  const read = readCronExpression(expression);
  if ("problem" in read) return read;
  if (read.reading === "session") {
    const given = read.zone ?? (timezone || undefined);
    return sessionSchedule(expression, read.time, given, calendars);
  }
  const zone = chooseZone(read.zone, timezone ?? "");
  if (typeof zone !== "string") return zone;
  const common = { expression, reading: read.reading, timezone: zone };
  if (read.reading === "every") {
    const { seconds } = read;
    return {
      schedule: { ...common, next: (after) => Math.floor(after) + seconds, has: Number.isSafeInteger },
    };
  }
  const problem = neverFires(read.fields);
  return problem === undefined ? { schedule: wallClockSchedule(common, read.fields) } : { problem };
}

function sessionSchedule(
  expression: string,
  time: SessionTime,
  timezone: unknown,
  calendars: Calendars,
): ParsedCron {
  const calendar = calendars.get(time.calendar);
  if ("problem" in calendar) return calendar;
  if (timezone !== undefined) {
    const problem = `timezone: has no effect on @${time.edge}, which follows ${calendar.zone}; leave it out`;
    return { problem };
  }
  const next = (after: number) => nextSessionTime(calendar, time, Math.floor(after));
  return {
    schedule: {
      expression,
      reading: "session",
      timezone: calendar.zone,
      followed: calendar.name,
      next,
      has: (slot) => Number.isInteger(slot) && next(slot - 1) === slot,
      whyEnds: describeEnd(calendar),
    },
  };
}

function chooseZone(inExpression: string | undefined, timezone: unknown): string | CronProblem {
  if (typeof timezone !== "string") {
    return { problem: `timezone: must be a string (is ${typeName(timezone)})` };
  }
  const name = inExpression ?? (timezone || "UTC");
  for (const given of [name, timezone || name]) {
    const zone = findTimeZone(given);
    if (zone === undefined) {
      const problem = `timezone: ${quote(given)} is not known; expected an IANA name such as Europe/Berlin`;
      return { problem };
    }
    if (zone !== findTimeZone(name)) {
      const problem = `timezone: ${quote(given)} differs from ${
        quote(name)
      } in the expression; leave one out`;
      return { problem };
    }
  }
  return name;
}

function neverFires(fields: CronFields): string | undefined {
  const [, , , dayOfMonth, month, dayOfWeek] = fields;
  const days = [dayOfMonth, dayOfWeek];
  const either = !days.some(({ star }) => star);
  const empty = fields.findIndex((field) =>
    !hasValue(field) && !(either && days.includes(field) && days.some(hasValue))
  );
  if (empty >= 0) {
    const { name, expected } = CRON_FIELDS[empty]!;
    return `${name}: has no value, so it never fires; expected ${expected}`;
  }
  if (either && hasValue(dayOfWeek)) return undefined;
  const day = dayOfMonth.values[0]!;
  if (month.values.some((number) => day <= MONTH_DAYS[number - 1]!)) return undefined;
  return `day-of-month: these months have no day ${day}, so it never fires; expected a day that one of them has`;
}

function hasValue({ values }: CronValues): boolean {
  return values.length > 0;
}

function wallClockSchedule(
  common: Pick<CronSchedule, "expression" | "reading" | "timezone">,
  fields: CronFields,
): CronSchedule {
  let cron: Cron | undefined;
  const next = (after: number) => {
    if (!(Math.abs(after) < MAX_SECONDS)) return undefined;
    // Built on first use: of many parsed schedules, few are due.
    cron ??= cronerOf(fields, common.timezone);
    const date = cron.nextRun(new Date(Math.floor(after) * 1000));
    return date === null ? undefined : date.getTime() / 1000;
  };
  return { ...common, next, has: (slot) => Number.isInteger(slot) && next(slot - 1) === slot };
}

/** Translates the fields for croner: lists of numbers, and stars where a star matters to croner. */
function cronerOf([second, minute, hour, dayOfMonth, month, dayOfWeek]: CronFields, timezone: string): Cron {
  const list = ({ values }: CronValues) => values.join(",");
  const day = (field: CronValues) => field.star || !hasValue(field) ? "*" : list(field);
  const pattern = [
    list(second),
    list(minute),
    // When clocks change, croner treats hours without a star as fixed times, and with a star as an interval.
    hour.values.length === 24 ? "*" : list(hour),
    // Two restricted day fields are joined by "or"; if one of them is empty, only the other counts.
    day(dayOfMonth),
    list(month),
    day(dayOfWeek),
  ].join(" ");
  const isUtc = findTimeZone(timezone) === "UTC";
  return new Cron(pattern, {
    mode: "6-part",
    fixedTimeRule: "no-wildcard",
    // Skips the time zone database, which is faster.
    ...(isUtc ? { utcOffset: 0 } : { timezone }),
  });
}
