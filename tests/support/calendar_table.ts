/**
 * Compares the sessions that Berth computes with those of the Python package exchange-calendars.
 *
 * @module
 */

import { CalendarBook } from "../../services/calendars/calendar_book.ts";
import { dayOf } from "../../services/calendars/calendar.ts";
import { dayAt, isOpen, sessionAt, sessionOn } from "../../services/calendars/sessions.ts";

/** A line of the table: sessions of one calendar by date, each a list of opening and closing times. */
interface Line {
  calendar: string;
  days: Record<string, [open: number, close: number][]>;
}

/** Result of a comparison. */
export interface Compared {
  /** Compared dates by calendar. */
  days: Map<string, number>;
  /** One line for each difference. */
  differences: string[];
}

/**
 * Compares a table.
 *
 * @param table JSON, a line for each calendar.
 */
export function compareCalendars(table: string): Compared {
  const book = new CalendarBook();
  const days = new Map<string, number>();
  const differences: string[] = [];
  for (const text of table.trim().split("\n")) {
    const line: Line = JSON.parse(text);
    const calendar = book.get(line.calendar);
    if ("problem" in calendar) {
      differences.push(calendar.problem);
      continue;
    }
    for (const [date, expected] of Object.entries(line.days)) {
      const found = sessionOn(calendar, dayOf(date)!);
      const place = `${line.calendar} ${date}`;
      if (JSON.stringify(found?.parts ?? []) !== JSON.stringify(expected)) {
        differences.push(
          `${place}: ${JSON.stringify(found?.parts ?? [])}, expected ${JSON.stringify(expected)}`,
        );
      }
      for (const [index, [open, close]] of expected.entries()) {
        const isPause = index > 0 && expected[index - 1]![1] < open;
        const isRight = isOpen(calendar, open) && isOpen(calendar, close - 1) &&
          sessionAt(calendar, close - 1)?.date === date && dayAt(calendar, close - 1) === dayOf(date) &&
          (!isPause || (!isOpen(calendar, open - 1) && sessionAt(calendar, open - 1)?.date === date));
        if (!isRight) differences.push(`${place}: is not open from ${open} to ${close}`);
      }
    }
    days.set(line.calendar, Object.keys(line.days).length);
  }
  return { days, differences };
}
