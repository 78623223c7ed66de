/**
 * When a bot runs that is limited to trading sessions. Pure: no I/O, no clock.
 *
 * @module
 */

import type { Calendar } from "./calendar.ts";
import { endOfCalendar, sessionsAfter } from "./sessions.ts";

/** The part of a session in which a bot runs. */
export interface SessionLimits {
  /** Seconds from the open of a session to the bot's start; negative for before it. */
  readonly startSeconds: number;
  /** Seconds from the close of a session to the bot's stop; negative for before it. */
  readonly endSeconds: number;
}

/** Whether a time is within a session. All times in Unix seconds. */
export type SessionWindow =
  /** It is, until then at least. */
  | { readonly type: "inside"; readonly until: number }
  /** It is not; `next` is when the next one begins, absent if the calendar knows no more. */
  | { readonly type: "outside"; readonly next?: number; readonly until: number }
  /** The calendar does not cover the time. */
  | { readonly type: "unknown" };

/** How many sessions that follow each other without a pause are looked at. */
const MAX_JOINED = 10;
const DAY_SECONDS = 86_400;

/**
 * Tells whether a bot may run. A break such as a lunch break belongs to its session. Sessions that touch each other, or
 * whose offsets make them touch, are one: the bot is not stopped in between.
 *
 * @param calendar The calendar.
 * @param limits The bot's limits.
 * @param now Unix seconds.
 */
export function sessionWindow(calendar: Calendar, limits: SessionLimits, now: number): SessionWindow {
  let until: number | undefined;
  let joined = 0;
  // A session may have closed while its window, which ends later, goes on.
  for (const { open, close } of sessionsAfter(calendar, now - DAY_SECONDS)) {
    const [start, end] = [open + limits.startSeconds, close + limits.endSeconds];
    if (end <= start || end <= now) continue;
    if (until === undefined && start > now) {
      return isKnown(calendar, now) ? { type: "outside", next: start, until: start } : { type: "unknown" };
    }
    if (until !== undefined && (start > until || ++joined > MAX_JOINED)) break;
    until = Math.max(until ?? end, end);
  }
  if (until !== undefined) return { type: "inside", until };
  return isKnown(calendar, now) ? { type: "outside", until: endOfCalendar(calendar) } : { type: "unknown" };
}

function isKnown(calendar: Calendar, now: number): boolean {
  return now < endOfCalendar(calendar) && now >= (calendar.firstDay - 1) * DAY_SECONDS;
}
