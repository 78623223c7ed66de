/**
 * The sessions of a calendar as instants. Pure: no I/O, no clock. Local times become instants by the database of time
 * zones, so that changes of clocks need no data.
 *
 * @module
 */

import { type Calendar, dateOf, type Session, type Span } from "./calendar.ts";

const DAY_SECONDS = 86_400;
const DAY_MINUTES = 1440;
/** A session of a date lies within this many days of it, whatever the time zone. */
const REACH_DAYS = 3;

/**
 * Returns the session of a date.
 *
 * @param calendar The calendar.
 * @param day Days since 1970-01-01.
 * @returns `undefined` if the exchange is closed, or the calendar does not cover the date.
 */
export function sessionOn(calendar: Calendar, day: number): Session | undefined {
  if (day < calendar.firstDay || day > calendar.lastDay) return undefined;
  const spans = spansOn(calendar, day);
  if (spans.length === 0) return undefined;
  const parts = spans.map(([from, to]) =>
    [instantOf(calendar.zone, day, from), instantOf(calendar.zone, day, to)] as const
  );
  return { date: dateOf(day), open: parts[0]![0], close: parts.at(-1)![1], parts };
}

/**
 * Returns the spans of a date that a calendar covers.
 *
 * @param calendar The calendar.
 * @param day Days since 1970-01-01.
 */
export function spansOn(
  { special, regular }: Pick<Calendar, "special" | "regular">,
  day: number,
): readonly Span[] {
  const exception = special.get(day);
  if (exception) return exception;
  // 1970-01-01 was a Thursday.
  const weekday = (((day + 3) % 7) + 7) % 7;
  return regular.findLast(({ fromDay }) => fromDay <= day)?.days[weekday] ?? [];
}

/**
 * Lists the sessions that end later than a time, the earliest first, until the calendar ends.
 *
 * @param calendar The calendar.
 * @param after Unix seconds.
 */
export function* sessionsAfter(calendar: Calendar, after: number): Generator<Session, void> {
  const start = Math.max(calendar.firstDay, Math.floor(after / DAY_SECONDS) - REACH_DAYS);
  for (let day = start; day <= calendar.lastDay; day++) {
    const session = sessionOn(calendar, day);
    if (session && session.close > after) yield session;
  }
}

/**
 * Lists the sessions that begin before a time, the latest first, back to the beginning of the calendar.
 *
 * @param calendar The calendar.
 * @param before Unix seconds.
 */
export function* sessionsBefore(calendar: Calendar, before: number): Generator<Session, void> {
  const start = Math.min(calendar.lastDay, Math.floor(before / DAY_SECONDS) + REACH_DAYS);
  for (let day = start; day >= calendar.firstDay; day--) {
    const session = sessionOn(calendar, day);
    if (session && session.open < before) yield session;
  }
}

/**
 * Lists the sessions that overlap a period.
 *
 * @param calendar The calendar.
 * @param from Start of the period in Unix seconds.
 * @param to End of the period in Unix seconds, not included.
 */
export function sessionsBetween(calendar: Calendar, from: number, to: number): Session[] {
  const sessions: Session[] = [];
  for (const session of sessionsAfter(calendar, from)) {
    if (session.open >= to) break;
    sessions.push(session);
  }
  return sessions;
}

/**
 * Returns the session at a time. A break belongs to its session; the second of the close does not.
 *
 * @param calendar The calendar.
 * @param at Unix seconds.
 */
export function sessionAt(calendar: Calendar, at: number): Session | undefined {
  const [session] = sessionsAfter(calendar, at);
  return session && session.open <= at ? session : undefined;
}

/**
 * Tells whether an exchange trades at a time: within a session, and not in one of its breaks.
 *
 * @param calendar The calendar.
 * @param at Unix seconds.
 */
export function isOpen(calendar: Calendar, at: number): boolean {
  return sessionAt(calendar, at)?.parts.some(([open, close]) => open <= at && at < close) ?? false;
}

/**
 * Returns the date at a time, in days since 1970-01-01.
 *
 * @param calendar The calendar.
 * @param at Unix seconds.
 */
export function dayAt({ zone }: Pick<Calendar, "zone">, at: number): number {
  const local = Temporal.Instant.fromEpochMilliseconds(at * 1000).toZonedDateTimeISO(zone);
  return Math.floor((at + local.offsetNanoseconds / 1e9) / DAY_SECONDS);
}

/**
 * Returns when a date begins, in Unix seconds.
 *
 * @param calendar The calendar.
 * @param day Days since 1970-01-01.
 */
export function startOfDay({ zone }: Pick<Calendar, "zone">, day: number): number {
  return instantOf(zone, day, 0);
}

/**
 * Returns when the last covered date ends, in Unix seconds. Nothing is known from then on.
 *
 * @param calendar The calendar.
 */
export function endOfCalendar(calendar: Pick<Calendar, "zone" | "lastDay">): number {
  return startOfDay(calendar, calendar.lastDay + 1);
}

/** A local time that a change of clocks skips counts as the same time after the change. */
function instantOf(zone: string, day: number, minutes: number): number {
  const [year, month, date] = dateOf(day + Math.floor(minutes / DAY_MINUTES)).split("-").map(Number);
  const rest = ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
  const local = new Temporal.PlainDateTime(year!, month!, date!, Math.floor(rest / 60), rest % 60);
  return local.toZonedDateTime(zone).epochMilliseconds / 1000;
}
