/**
 * Splits a cron expression into its parts as robfig/cron 3.0.1 does, for which existing schedules were
 * written.
 *
 * @module
 */

import { CRON_FIELDS, type CronValues, quote, readCronField } from "./cron_field.ts";
import type { CronReading } from "./cron_schedule.ts";
import { readSessionTime, type SessionTime } from "./session_times.ts";
import { parseGoDuration } from "../../lib/util/parse_go_duration.ts";

/** Times of the wall clock, in the order of `CRON_FIELDS`. */
export type CronFields = readonly [
  second: CronValues,
  minute: CronValues,
  hour: CronValues,
  dayOfMonth: CronValues,
  month: CronValues,
  dayOfWeek: CronValues,
];

/** A parsed expression. */
export type CronExpression =
  & {
    /** The zone after `TZ=` or `CRON_TZ=`. Absent also for `Local`, which names no zone. */
    readonly zone?: string;
  }
  & (
    | { readonly reading: Exclude<CronReading, "every" | "session">; readonly fields: CronFields }
    | { readonly reading: "session"; readonly time: SessionTime }
    | { readonly reading: "every"; /** Length of the interval. */ readonly seconds: number }
  );

/** One line that says why an expression is invalid. */
export interface CronProblem {
  /** The problem, its place, and the expected value. */
  readonly problem: string;
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 0 1 1 *",
  "@annually": "0 0 0 1 1 *",
  "@monthly": "0 0 0 1 * *",
  "@weekly": "0 0 0 * * 0",
  "@daily": "0 0 0 * * *",
  "@midnight": "0 0 0 * * *",
  "@hourly": "0 0 * * * *",
};
const EVERY = "@every ";
/** White space as defined by Go's `unicode.IsSpace`. */
const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
/** Longest accepted expression, in characters. Six full lists of numbers have about 500. */
export const MAX_EXPRESSION_LENGTH = 1024;
const EXPECTED =
  "expected five fields (minute hour day-of-month month day-of-week), six with seconds first, or @daily and the like";

/**
 * Reads an expression: six fields with seconds first, the standard five, a descriptor such as `@daily`, or
 * `@every` with a Go duration, which is cut to whole seconds and is at least one, or `@open` or `@close` of a trading
 * calendar. A prefix `TZ=ZONE ` or `CRON_TZ=ZONE ` is allowed. Checks neither whether zone and calendar exist nor
 * whether the expression ever fires.
 *
 * @param expression The expression.
 * @returns The parts, or why it is invalid.
 */
export function readCronExpression(expression: string): CronExpression | CronProblem {
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    return {
      problem:
        `the expression has ${expression.length} characters; at most ${MAX_EXPRESSION_LENGTH} are read`,
    };
  }
  const prefix = /^(?:CRON_)?TZ=/.exec(expression)?.[0];
  if (prefix === undefined) return readTimes(expression);
  const end = expression.indexOf(" ");
  if (end < 0) return { problem: `${prefix} must be followed by a time zone, a space and the expression` };
  const zone = expression.slice(prefix.length, end);
  const times = readTimes(trimSpace(expression.slice(end)));
  return "problem" in times || zone === "Local" ? times : { ...times, zone: zone || "UTC" };
}

/** Takes time linear in the length, unlike a regular expression for both ends. */
function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start]!)) start++;
  while (end > start && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function readTimes(text: string): CronExpression | CronProblem {
  if (text.startsWith("@")) return readDescriptor(text);
  const parts = text.split(SPACE).filter(Boolean);
  if (parts.length === 0) return { problem: `the expression is empty; ${EXPECTED}` };
  if (parts.length === 6) return readFields(parts, "six-fields");
  if (parts.length === 5) return readFields(["0", ...parts], "five-fields");
  return { problem: `the expression has ${parts.length} field${parts.length === 1 ? "" : "s"}; ${EXPECTED}` };
}

function readDescriptor(text: string): CronExpression | CronProblem {
  if (text.startsWith(EVERY)) {
    const duration = parseGoDuration(text.slice(EVERY.length));
    if (duration === undefined) {
      const given = quote(text.slice(EVERY.length));
      return {
        problem: `@every: ${given} is no duration; expected a length of time such as 90s, 5m or 1h30m`,
      };
    }
    const seconds = Number(duration / 1_000_000_000n);
    return { reading: "every", seconds: Math.max(1, seconds) };
  }
  if (/^@(?:open|close)(?: |$)/.test(text)) {
    const time = readSessionTime(text);
    return "problem" in time ? time : { reading: "session", time };
  }
  if (!Object.hasOwn(DESCRIPTORS, text)) {
    const known = [...Object.keys(DESCRIPTORS), "@every DURATION", "@open CALENDAR", "@close CALENDAR"].join(
      ", ",
    );
    return { problem: `${quote(text)} is not known; expected one of ${known}` };
  }
  return readFields(DESCRIPTORS[text]!.split(" "), "descriptor");
}

function readFields(
  parts: readonly string[],
  reading: Exclude<CronReading, "every" | "session">,
): CronExpression | CronProblem {
  const values: CronValues[] = [];
  for (const [index, field] of CRON_FIELDS.entries()) {
    const read = readCronField(parts[index]!, field);
    if ("problem" in read) return read;
    values.push(read);
  }
  return { reading, fields: values as unknown as CronFields };
}
