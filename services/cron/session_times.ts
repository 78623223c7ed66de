/**
 * Schedules at the open or close of an exchange: `@open XNYS+15m`, `@close XNYS-5m`. Pure: no I/O, no clock.
 *
 * @module
 */

import { parseGoDuration } from "../../lib/util/parse_go_duration.ts";
import type { Calendar } from "../calendars/calendar.ts";
import { sessionsAfter } from "../calendars/sessions.ts";
import { quote } from "./cron_field.ts";
import type { CronProblem } from "./read_cron_expression.ts";

/** A time that moves with the sessions of an exchange. */
export interface SessionTime {
  /** Which end of the session. */
  readonly edge: "open" | "close";
  /** Name of the calendar. */
  readonly calendar: string;
  /** Seconds from that end to the slot; negative for before it. */
  readonly offsetSeconds: number;
}

/** Largest offset, in seconds. */
const MAX_OFFSET_SECONDS = 86_400;
const EXPECTED = "expected @open or @close, a calendar, and a length of time if any, such as @open XNYS+15m";

/**
 * Reads `@open CALENDAR` or `@close CALENDAR`, with an offset such as `+15m`, `-1h30m` or none.
 *
 * @param text The expression.
 * @returns The time, or why there is none.
 */
export function readSessionTime(text: string): SessionTime | CronProblem {
  const [edge = "", rest = "", ...more] = text.split(" ").filter(Boolean);
  const [, calendar, sign, length] = /^([^+-]+)(?:([+-])(.*))?$/.exec(rest) ?? [];
  if (calendar === undefined || more.length > 0) {
    return { problem: `${quote(text)} is not complete; ${EXPECTED}` };
  }
  const nanoseconds = sign === undefined ? 0n : parseGoDuration(length!);
  if (nanoseconds === undefined) {
    return {
      problem: `${edge}: ${quote(length!)} is no duration; expected a length of time such as 15m or 1h30m`,
    };
  }
  const seconds = Number(nanoseconds / 1_000_000_000n);
  if (seconds < 0 || seconds >= MAX_OFFSET_SECONDS) {
    return { problem: `${edge}: the time from the ${edge.slice(1)} must be shorter than 24h` };
  }
  return {
    edge: edge === "@open" ? "open" : "close",
    calendar,
    offsetSeconds: sign === "-" ? -seconds : seconds,
  };
}

/**
 * Returns the first slot later than a time.
 *
 * @param calendar The calendar.
 * @param time The time of the schedule.
 * @param after Unix seconds.
 * @returns Unix seconds; `undefined` if the calendar knows no more sessions.
 */
export function nextSessionTime(
  calendar: Calendar,
  { edge, offsetSeconds }: SessionTime,
  after: number,
): number | undefined {
  // The slot of a session that has closed may come later than its close.
  for (const session of sessionsAfter(calendar, after - MAX_OFFSET_SECONDS)) {
    const slot = session[edge] + offsetSeconds;
    if (slot > after) return slot;
  }
  return undefined;
}
