/**
 * How the API shows trading sessions.
 *
 * @module
 */

import type { Calendars } from "../calendars/calendar.ts";
import { describeEnd } from "../calendars/calendar_end.ts";
import { sessionChanges } from "../calendars/session_changes.ts";
import { endOfCalendar, sessionsAfter } from "../calendars/sessions.ts";
import { sessionWindow } from "../calendars/session_window.ts";
import type { BotSession, UsedCalendar } from "../contract/trading_sessions.ts";
import type { SessionSetting } from "../documents/session_settings.ts";

const MAX_CHANGES = 6;
const DAY_SECONDS = 86_400;
/** How far to look ahead for a session: a holiday may last a week. */
const AHEAD_SECONDS = 21 * DAY_SECONDS;

/**
 * Shows the session of a bot.
 *
 * @param setting The bot's setting.
 * @param calendars The calendars.
 */
export function botSessionOf(setting: SessionSetting, calendars: Calendars): BotSession {
  const { calendar: name, startSeconds, endSeconds } = setting;
  const about = { calendar: name, startSeconds, endSeconds };
  const calendar = calendars.get(name);
  if ("problem" in calendar) return { ...about, state: "unknown", problem: calendar.problem, changes: [] };
  const now = calendars.now();
  const { type } = sessionWindow(calendar, setting, now);
  const period = { from: now, to: now + AHEAD_SECONDS, atMost: MAX_CHANGES };
  return {
    ...about,
    state: type,
    ...(type === "unknown" && { problem: describeEnd(calendar) }),
    changes: sessionChanges(calendar, setting, period).map(({ at, to }) => ({ at: toTime(at), to })),
  };
}

/**
 * Shows the coming sessions of a calendar.
 *
 * @param use The calendar's name, and who uses it.
 * @param days How many days ahead.
 * @param calendars The calendars.
 */
export function usedCalendarOf(
  { name, bots, schedules }: Pick<UsedCalendar, "name" | "bots" | "schedules">,
  days: number,
  calendars: Calendars,
): UsedCalendar {
  const calendar = calendars.get(name);
  const use = { name, bots, schedules };
  if ("problem" in calendar) return { ...use, sessions: [], problem: calendar.problem };
  const now = calendars.now();
  const to = now + days * DAY_SECONDS;
  const sessions: UsedCalendar["sessions"] = [];
  for (const { date, open, parts } of sessionsAfter(calendar, now)) {
    if (open >= to) break;
    sessions.push({
      date,
      parts: parts.map(([open, close]) => ({ open: toTime(open), close: toTime(close) })),
    });
  }
  return {
    ...use,
    timezone: calendar.zone,
    sessions,
    ...(endOfCalendar(calendar) < to && { problem: describeEnd(calendar) }),
  };
}

const toTime = (seconds: number) => new Date(seconds * 1000).toISOString();
