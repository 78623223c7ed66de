/**
 * Reads the file of a calendar. Pure: no I/O, no clock.
 *
 * @module
 */

import { didYouMean } from "../../lib/util/did_you_mean.ts";
import { findTimeZone } from "../../lib/util/time_zone.ts";
import {
  type Calendar,
  type CalendarProblem,
  dateOf,
  dayOf,
  type RegularHours,
  type Span,
} from "./calendar.ts";
import { spansOn } from "./sessions.ts";

type Fields = Readonly<Record<string, unknown>>;

const KEYS = ["mic", "zone", "source", "note", "covers", "weeks", "closed", "special", "extends"];
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES = 1440;
/** Longest covered time, in days: a longer one is a mistake, and would take long to check. */
const MAX_DAYS = 366 * 200;
const SHOWN_PROBLEMS = 5;

/**
 * Reads a calendar and checks that it does not contradict itself.
 *
 * @param text The content of the file, JSON.
 * @param name Name of the calendar.
 * @param base Finds the calendar that the file extends; absent if it cannot extend one.
 * @returns The calendar, or one line with the place of each mistake.
 */
export function readCalendar(
  text: string,
  name: string,
  base?: (name: string) => Calendar | CalendarProblem,
): Calendar | CalendarProblem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
  if (!isFields(value)) return { problem: "must be a JSON object" };
  const problems: string[] = [];
  for (const key of Object.keys(value).filter((key) => !KEYS.includes(key))) {
    const meant = didYouMean(key, KEYS);
    problems.push(`${quote(key)}: is not known${meant ? `; did you mean ${meant}?` : ""}`);
  }
  if (value.mic !== undefined && value.mic !== name) {
    problems.push(`mic: is ${quote(value.mic)}, and the file is that of ${name}`);
  }
  const extended = value.extends === undefined ? undefined : extendedBy(value, base, problems);
  const calendar = build(value, name, extended, problems);
  if (problems.length === 0) problems.push(...overlaps(calendar));
  if (problems.length === 0) return calendar;
  const more = problems.length - SHOWN_PROBLEMS;
  return {
    problem: problems.slice(0, SHOWN_PROBLEMS).join("; ") + (more > 0 ? `; and ${more} more mistakes` : ""),
  };
}

function extendedBy(
  value: Fields,
  base: ((name: string) => Calendar | CalendarProblem) | undefined,
  problems: string[],
): Calendar | undefined {
  for (const key of ["zone", "weeks"].filter((key) => key in value)) {
    problems.push(`${key}: is that of the calendar under "extends"; leave one of them out`);
  }
  const found = typeof value.extends === "string" && base ? base(value.extends) : undefined;
  if (found && !("problem" in found)) return found;
  problems.push(`extends: ${found ? found.problem : "must be the name of a calendar that Berth ships"}`);
  return undefined;
}

function build(value: Fields, name: string, base: Calendar | undefined, problems: string[]): Calendar {
  const { firstDay, lastDay } = readCovers(value.covers, base, problems);
  const given = typeof value.zone === "string" ? findTimeZone(value.zone) : undefined;
  if (!base && !given) {
    problems.push(`zone: ${quote(value.zone)} is not known; expected an IANA name such as Europe/Berlin`);
  }
  const special = new Map(base?.special);
  const own = new Map<number, string>();
  const put = (date: unknown, spans: readonly Span[], place: string) => {
    const day = dayOf(date);
    if (day === undefined) {
      return void problems.push(`${place}: ${quote(date)} is no date such as 2026-12-25`);
    }
    if (day < firstDay || day > lastDay) {
      problems.push(
        `${place}: ${quote(date)} is not within the covered time, ${dateOf(firstDay)} to ${dateOf(lastDay)}`,
      );
    }
    const before = own.get(day);
    if (before !== undefined) problems.push(`${place}: ${quote(date)} is also at ${before}`);
    own.set(day, place);
    special.set(day, spans);
  };
  const closed = value.closed ?? [];
  if (!Array.isArray(closed)) problems.push("closed: must be a list of dates");
  else closed.forEach((date, index) => put(date, [], `closed[${index}]`));
  const hours = value.special ?? {};
  if (!isFields(hours)) problems.push("special: must be an object of dates");
  else {
    for (const [date, spans] of Object.entries(hours)) {
      put(date, readSpans(spans, `special.${date}`, problems), `special.${date}`);
    }
  }
  return {
    name,
    zone: given ?? base?.zone ?? "UTC",
    firstDay,
    lastDay,
    regular: base?.regular ?? readWeeks(value.weeks, problems),
    special,
  };
}

function readCovers(
  value: unknown,
  base: Calendar | undefined,
  problems: string[],
): Pick<Calendar, "firstDay" | "lastDay"> {
  if (value === undefined && base) return base;
  const fields = isFields(value) ? value : {};
  const [from, to] = [dayOf(fields.from), dayOf(fields.to)];
  if (from === undefined || to === undefined) {
    problems.push('covers: must have "from" and "to", dates such as 2026-12-25');
  } else if (to < from) problems.push("covers: ends before it begins");
  else if (to - from > MAX_DAYS) problems.push("covers: must not be longer than 200 years");
  return { firstDay: from ?? 0, lastDay: to ?? -1 };
}

function readWeeks(value: unknown, problems: string[]): RegularHours[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push("weeks: must be a list of regular hours, at least one");
    return [];
  }
  const weeks = value.map((week, index) => readWeek(week, `weeks[${index}]`, problems));
  weeks.forEach(({ fromDay }, index) => {
    if (index > 0 && fromDay <= weeks[index - 1]!.fromDay) {
      problems.push(`weeks[${index}].from: must be later than that of the week before it`);
    }
  });
  return weeks;
}

function readWeek(value: unknown, place: string, problems: string[]): RegularHours {
  const { from, ...days } = isFields(value) ? value : {};
  const fromDay = dayOf(from);
  if (fromDay === undefined) problems.push(`${place}.from: ${quote(from)} is no date such as 2026-12-25`);
  for (const key of Object.keys(days).filter((key) => !WEEKDAYS.includes(key))) {
    problems.push(`${place}: ${quote(key)} is no day; expected ${WEEKDAYS.join(", ")}`);
  }
  return {
    fromDay: fromDay ?? 0,
    days: WEEKDAYS.map((day) =>
      days[day] === undefined ? [] : readSpans(days[day], `${place}.${day}`, problems)
    ),
  };
}

function readSpans(value: unknown, place: string, problems: string[]): Span[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push(`${place}: must be a list of spans such as [["09:30", "16:00"]]`);
    return [];
  }
  const spans = value.map((span, index): Span => {
    const [from, to] = Array.isArray(span) && span.length === 2 ? span.map(readTime) : [];
    if (from === undefined || to === undefined) {
      problems.push(
        `${place}[${index}]: ${quote(span)} must be two times such as "09:30", "24:00" or "-1d 17:00"`,
      );
    } else if (to <= from) problems.push(`${place}[${index}]: closes before it opens`);
    return [from ?? 0, to ?? 0];
  });
  spans.forEach(([from], index) => {
    if (index > 0 && from < spans[index - 1]![1]) {
      problems.push(`${place}[${index}]: begins before the span before it ends`);
    }
  });
  return spans;
}

/** Returns minutes after midnight of the date of the session; `undefined` if it is no time. */
function readTime(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const [, days = "0", hours, minutes] = /^(?:([+-]1)d )?(\d\d):(\d\d)$/.exec(value) ?? [];
  const time = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && time <= DAY_MINUTES ? Number(days) * DAY_MINUTES + time : undefined;
}

/** Finds sessions of different dates that overlap by the clock of the exchange. */
function overlaps(calendar: Calendar): string[] {
  const problems: string[] = [];
  let last = -Infinity;
  for (let day = calendar.firstDay; day <= calendar.lastDay && problems.length <= SHOWN_PROBLEMS; day++) {
    const spans = spansOn(calendar, day);
    if (spans.length === 0) continue;
    const start = day * DAY_MINUTES;
    if (start + spans[0]![0] < last) {
      problems.push(`the session of ${dateOf(day)} begins before the one before it ends`);
    }
    last = start + spans.at(-1)![1];
  }
  return problems;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 60);
}
