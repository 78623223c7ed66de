/**
 * Describes the end of a calendar to people. Pure: no I/O, no clock.
 *
 * @module
 */

import { type Calendar, dateOf } from "./calendar.ts";
import { endOfCalendar } from "./sessions.ts";
import { SHIPPED_CALENDARS } from "./shipped_calendars.ts";

/** People are warned this many seconds before a calendar ends. */
const WARNING_SECONDS = 60 * 86_400;

/** Says that a calendar ends, and when. @param calendar The calendar. */
export function describeEnd({ name, lastDay }: Calendar): string {
  return `the calendar ${name} ends on ${dateOf(lastDay)}, and nothing is guessed after that`;
}

/**
 * Warns of the end of a calendar.
 *
 * @param calendar The calendar.
 * @param now Unix seconds.
 * @returns One line; `undefined` if the end is far.
 */
export function endWarning(calendar: Calendar, now: number): string | undefined {
  if (now < endOfCalendar(calendar) - WARNING_SECONDS) return undefined;
  const file = `${calendar.name.replace("/", "-")}.json`;
  const todo = Object.hasOwn(SHIPPED_CALENDARS, calendar.name)
    ? `update Berth, or write ${file} into the folder of own calendars`
    : `extend what ${file} covers`;
  return `${describeEnd(calendar)}; ${todo}`;
}
