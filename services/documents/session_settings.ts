/**
 * Reads the settings that name a trading calendar: `session` of a bot, `calendar` of a schedule.
 *
 * @module
 */

import { parseGoDuration } from "../../lib/util/parse_go_duration.ts";
import type { Calendars } from "../calendars/calendar.ts";
import { describeEnd, endWarning } from "../calendars/calendar_end.ts";
import { endOfCalendar } from "../calendars/sessions.ts";
import type { SessionLimits } from "../calendars/session_window.ts";
import { BERTH_KEY } from "./berth_settings.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** `session`: a bot runs only during the sessions of an exchange. */
export interface SessionSetting extends SessionLimits {
  /** Name of the calendar. */
  readonly calendar: string;
}

const KEYS: readonly string[] = ["calendar", "start", "end"];
/** Largest offset, in seconds. */
const MAX_OFFSET_SECONDS = 86_400;
const MAX_NAME_LENGTH = 60;

/**
 * Reads the setting `session`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns `undefined` if it is missing, `null` or invalid.
 */
export function readSession(berth: Fields, problems: string[]): SessionSetting | undefined {
  const given = field(berth, "session") ?? undefined;
  if (given === undefined) return undefined;
  const place = `config.${BERTH_KEY}.session`;
  if (!isObject(given)) {
    problems.push(`${place}: must be an object with ${KEYS.join(", ")} (is ${typeName(given)})`);
    return undefined;
  }
  for (const name of Object.keys(given).filter((name) => !KEYS.includes(name))) {
    problems.push(`${place}: ${JSON.stringify(name.slice(0, 60))} is not one of ${KEYS.join(", ")}`);
  }
  const calendar = readName(field(given, "calendar") ?? undefined, `${place}.calendar`, problems);
  if (field(given, "calendar") === undefined) {
    problems.push(`${place}.calendar: is missing, for example XNYS`);
  }
  return {
    calendar: calendar ?? "",
    startSeconds: readOffset(field(given, "start") ?? "0s", `${place}.start`, problems),
    endSeconds: readOffset(field(given, "end") ?? "0s", `${place}.end`, problems),
  };
}

/**
 * Reads the setting `calendar`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns Name of the calendar; `undefined` if it is missing, `null` or invalid.
 */
export function readCalendarName(berth: Fields, problems: string[]): string | undefined {
  return readName(field(berth, "calendar") ?? undefined, `config.${BERTH_KEY}.calendar`, problems);
}

/**
 * Explains why a bot cannot follow its calendar.
 *
 * @param session Its setting.
 * @param calendars The calendars.
 * @returns A line for each problem, and one for each warning.
 */
export function checkSession(
  { calendar: name }: SessionSetting,
  calendars: Calendars,
): { readonly problems: readonly string[]; readonly notes: readonly string[] } {
  const place = `config.${BERTH_KEY}.session.calendar`;
  const calendar = calendars.get(name);
  if ("problem" in calendar) return { problems: [`${place}: ${calendar.problem}`], notes: [] };
  const now = calendars.now();
  if (now >= endOfCalendar(calendar)) return { problems: [`${place}: ${describeEnd(calendar)}`], notes: [] };
  const warning = endWarning(calendar, now);
  return { problems: [], notes: warning ? [`${place}: ${warning}`] : [] };
}

function readName(value: unknown, place: string, problems: string[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_NAME_LENGTH) return value;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeName(value);
  problems.push(`${place}: must be the name of a trading calendar, such as XNYS (is ${shown})`);
  return undefined;
}

function readOffset(value: unknown, place: string, problems: string[]): number {
  const [, sign, length] = typeof value === "string" ? /^([+-]?)(.+)$/.exec(value) ?? [] : [];
  const nanoseconds = length === undefined || /^[+-]/.test(length) ? undefined : parseGoDuration(length);
  const seconds = Number((nanoseconds ?? -1n) / 1_000_000_000n);
  if (nanoseconds !== undefined && seconds >= 0 && seconds < MAX_OFFSET_SECONDS) {
    return sign === "-" ? -seconds : seconds;
  }
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 20)) : typeName(value);
  problems.push(
    `${place}: must be a time before or after, shorter than 24h, such as -10m or +5m (is ${shown})`,
  );
  return 0;
}
