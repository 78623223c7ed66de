/**
 * A trading calendar: on which dates an exchange has sessions, and at which local times.
 *
 * @module
 */

/** A time without a pause: from its first to its last minute, in minutes after midnight of the session's date. */
export type Span = readonly [from: number, to: number];

/** The regular hours from a date on. */
export interface RegularHours {
  /** First date they apply to, in days since 1970-01-01. */
  readonly fromDay: number;
  /** Spans by day of the week, Monday first; empty if there is no session. */
  readonly days: readonly (readonly Span[])[];
}

/** A calendar. All its dates and times are those of its time zone. */
export interface Calendar {
  /** Its name, for example `XNYS`. */
  readonly name: string;
  /** IANA name of the time zone of the exchange. */
  readonly zone: string;
  /** First date that it covers, in days since 1970-01-01. */
  readonly firstDay: number;
  /** Last date that it covers. */
  readonly lastDay: number;
  /** The regular hours, the earliest first. */
  readonly regular: readonly RegularHours[];
  /** Dates with other hours; empty for dates that are closed. */
  readonly special: ReadonlyMap<number, readonly Span[]>;
}

/** A session. Sessions that begin on the evening before belong to the date on which they end. */
export interface Session {
  /** Its date, such as `2026-11-27`. */
  readonly date: string;
  /** When it opens, in Unix seconds. */
  readonly open: number;
  /** When it closes, in Unix seconds. */
  readonly close: number;
  /** The session without its breaks, such as a lunch break: opening and closing times in Unix seconds. */
  readonly parts: readonly (readonly [open: number, close: number])[];
}

/** One line that says why there is no calendar to work with. */
export interface CalendarProblem {
  /** The problem, its place, and the expected value. */
  readonly problem: string;
}

/** The calendars that a process knows. */
export interface Calendars {
  /**
   * Finds a calendar.
   *
   * @param name Its name.
   * @returns The calendar, or why there is none: the name is unknown, or its file is wrong.
   */
  get(name: string): Calendar | CalendarProblem;
  /** The current time in Unix seconds, to tell whether a calendar has ended. */
  now(): number;
}

const MS_PER_DAY = 86_400_000;

/**
 * Parses a date.
 *
 * @param text For example `2026-11-27`.
 * @returns Days since 1970-01-01; `undefined` if there is no such date.
 */
export function dayOf(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const day = Date.parse(`${text}T00:00:00Z`) / MS_PER_DAY;
  // JavaScript takes 2026-02-30 for a day in March.
  return Number.isInteger(day) && dateOf(day) === text ? day : undefined;
}

/** Formats a date. @param day Days since 1970-01-01. */
export function dateOf(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}
