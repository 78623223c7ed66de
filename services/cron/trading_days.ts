/**
 * Keeps a schedule to the days on which an exchange has sessions. Pure: no I/O, no clock.
 *
 * @module
 */

import { type Calendar, type CalendarProblem, type Calendars, dateOf } from "../calendars/calendar.ts";
import { describeEnd } from "../calendars/calendar_end.ts";
import { dayAt, endOfCalendar, sessionAt, sessionOn, startOfDay } from "../calendars/sessions.ts";
import type { CronSchedule } from "./cron_schedule.ts";

/**
 * Adds a calendar to a schedule by name, as {@linkcode onTradingDays} does.
 *
 * @param cron The schedule.
 * @param name Name of the calendar.
 * @param calendars The calendars.
 * @returns The schedule, or one line that says what is wrong.
 */
export function keepToDays(
  cron: CronSchedule,
  name: string,
  calendars: Calendars,
): { readonly schedule: CronSchedule } | CalendarProblem {
  if (cron.reading === "every") {
    const problem =
      "calendar: has no effect on @every, which follows no clock; give times, such as */5 * * * *";
    return { problem };
  }
  const calendar = calendars.get(name);
  if ("problem" in calendar) return { problem: `calendar: ${calendar.problem}` };
  return { schedule: onTradingDays(cron, calendar) };
}

/**
 * Adds a calendar to a schedule. A slot on a day without a session is to be skipped; of several on such a day, only the
 * first one is a slot, so that a schedule of each minute does not fill its history with a weekend. Days are those of the
 * exchange. A slot within a session that began on the evening before is not skipped, whatever its date.
 *
 * @param cron The schedule; not one with `@every`, which follows no clock.
 * @param calendar The calendar.
 * @returns The schedule with {@linkcode CronSchedule.whySkipped}.
 */
export function onTradingDays(cron: CronSchedule, calendar: Calendar): CronSchedule {
  const isTraded = (slot: number, day: number) =>
    sessionOn(calendar, day) !== undefined || sessionAt(calendar, slot) !== undefined;
  const next = (after: number) => {
    let slot = cron.next(after);
    while (slot !== undefined) {
      const day = dayAt(calendar, slot);
      if (isTraded(slot, day) || cron.next(startOfDay(calendar, day) - 1) === slot) return slot;
      // Sessions that begin on a closed day, such as those of a Sunday evening, are found within that day.
      const session = sessionAt(calendar, startOfDay(calendar, day + 1) - 1);
      const from = session && session.open > slot ? session.open : startOfDay(calendar, day + 1);
      slot = cron.next(from - 1);
    }
    return undefined;
  };
  return {
    ...cron,
    calendar: calendar.name,
    whyEnds: cron.whyEnds ?? describeEnd(calendar),
    next,
    has: (slot) => Number.isInteger(slot) && next(slot - 1) === slot,
    whySkipped(slot) {
      const day = dayAt(calendar, slot);
      if (day < calendar.firstDay || day > calendar.lastDay) return describeEnd(calendar);
      return isTraded(slot, day) ? undefined : `${calendar.name} is closed on ${dateOf(day)}`;
    },
    nextRun(after) {
      const end = endOfCalendar(calendar);
      let slot = cron.next(after);
      while (slot !== undefined && slot < end) {
        const day = dayAt(calendar, slot);
        if (isTraded(slot, day)) return slot;
        slot = next(slot);
      }
      return undefined;
    },
  };
}

/**
 * Returns the first slot later than a time that is not skipped.
 *
 * @param cron The schedule.
 * @param after Unix seconds.
 */
export function nextRun(cron: Pick<CronSchedule, "next" | "nextRun">, after: number): number | undefined {
  return cron.nextRun ? cron.nextRun(after) : cron.next(after);
}
