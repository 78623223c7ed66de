/**
 * Parses a schedule's document: a bot's document with `config.schedule` and settings for its runs.
 *
 * @module
 */

import type { Executable } from "../../lib/executable/executable.ts";
import type { Calendars } from "../calendars/calendar.ts";
import { endWarning } from "../calendars/calendar_end.ts";
import { shippedCalendars } from "../calendars/calendar_book.ts";
import { type CronSchedule, parseCronSchedule } from "../cron/cron_schedule.ts";
import { keepToDays } from "../cron/trading_days.ts";
import { type DocumentRules, type InvalidBotDocument, parseBotDocument } from "../documents/bot_document.ts";
import { BERTH_KEY, BOT_SETTINGS, splitConfig } from "../documents/berth_settings.ts";
import { field, type Fields } from "../documents/document_fields.ts";
import { readScheduleSettings, type ScheduleSettings } from "../documents/schedule_settings.ts";

/** A document that can be run. */
export interface ValidScheduleDocument {
  /** Discriminates the union. */
  readonly status: "valid";
  /** Id of the schedule. */
  readonly id: string;
  /** Whether the schedule is enabled. */
  readonly enabled: boolean;
  /** The program to run. It ends by itself, and its result is stored. */
  readonly executable: Executable;
  /** The times of the schedule. */
  readonly cron: CronSchedule;
  /** Settings of the schedule. */
  readonly settings: ScheduleSettings;
  /** One line for each field that is wrong but does not keep the schedule from running. */
  readonly notes: readonly string[];
}

/** A parsed document. */
export type ParsedScheduleDocument = ValidScheduleDocument | InvalidBotDocument;

/**
 * Parses a schedule's document. Never throws.
 *
 * @param document The document, in plain values.
 * @param key Name for reports if the document has no usable id.
 * @param rules The rules for what a run may ask for, and the trading calendars. @default {anything, those that Berth
 * ships}
 * @returns The parsed document, or what is wrong with it.
 */
export function parseScheduleDocument(
  document: unknown,
  key?: string,
  { bounds, calendars = shippedCalendars }: DocumentRules = {},
): ParsedScheduleDocument {
  const parsed = parseBotDocument(document, { ...(key !== undefined && { key }), ...(bounds && { bounds }) });
  if (parsed.status === "invalid") return parsed;
  const { id, enabled, executable, segment, notes } = parsed;
  const config = field(document as Fields, "config") as Fields;
  const problems: string[] = [];
  const { berth } = splitConfig(config);
  const settings = { ...parsed.settings, ...readScheduleSettings(berth, problems) };
  const times = parseCronSchedule(field(config, "schedule"), field(berth, "timezone"), calendars);
  const cron = "problem" in times || settings.calendar === undefined
    ? times
    : keepToDays(times.schedule, settings.calendar, calendars);
  if ("problem" in cron) problems.push(inConfig(cron.problem));
  if ("problem" in cron || problems.length > 0) {
    return { status: "invalid", key: id, enabled, segment, reason: problems.join("; ") };
  }
  return {
    status: "valid",
    id,
    enabled,
    executable: { ...executable, isLongRunning: false, persistResults: true },
    cron: cron.schedule,
    settings,
    notes: [...notes, ...noEffect(berth), ...calendarNotes(cron.schedule, calendars)],
  };
}

function noEffect(berth: Fields): string[] {
  return BOT_SETTINGS.filter((name) => Object.hasOwn(berth, name))
    .map((name) => `config.${BERTH_KEY}.${name}: has no effect on a schedule`);
}

/** Warns of calendars that end soon. */
function calendarNotes({ calendar, followed }: CronSchedule, calendars: Calendars): string[] {
  return [...new Set([calendar, followed])].flatMap((name) => {
    const found = name === undefined ? undefined : calendars.get(name);
    if (!found || "problem" in found) return [];
    return endWarning(found, calendars.now()) ?? [];
  });
}

/** A problem of the time zone or the calendar names its field; any other belongs to the expression. */
function inConfig(problem: string): string {
  return /^(?:timezone|calendar): /.test(problem)
    ? `config.${BERTH_KEY}.${problem}`
    : `config.schedule: ${problem}`;
}
