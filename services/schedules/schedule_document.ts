/**
 * Parses a schedule's document: a bot's document with `config.schedule` and settings for its runs.
 *
 * @module
 */

import type { Executable } from "../../lib/executable/executable.ts";
import type { LimitBounds } from "../../lib/runner/limit_bounds.ts";
import { type CronSchedule, parseCronSchedule } from "../cron/cron_schedule.ts";
import { type InvalidBotDocument, parseBotDocument } from "../documents/bot_document.ts";
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
 * @param bounds What a run may ask for; absent for anything.
 * @returns The parsed document, or what is wrong with it.
 */
export function parseScheduleDocument(
  document: unknown,
  key?: string,
  bounds?: LimitBounds,
): ParsedScheduleDocument {
  const parsed = parseBotDocument(document, { ...(key !== undefined && { key }), ...(bounds && { bounds }) });
  if (parsed.status === "invalid") return parsed;
  const { id, enabled, executable, segment, notes } = parsed;
  const config = field(document as Fields, "config") as Fields;
  const problems: string[] = [];
  const { berth } = splitConfig(config);
  const settings = { ...parsed.settings, ...readScheduleSettings(berth, problems) };
  const cron = parseCronSchedule(field(config, "schedule"), field(berth, "timezone"));
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
    notes: [...notes, ...noEffect(berth)],
  };
}

function noEffect(berth: Fields): string[] {
  return BOT_SETTINGS.filter((name) => Object.hasOwn(berth, name))
    .map((name) => `config.${BERTH_KEY}.${name}: has no effect on a schedule`);
}

/** A problem of the time zone names its field; any other belongs to the expression. */
function inConfig(problem: string): string {
  return problem.startsWith("timezone: ") ? `config.${BERTH_KEY}.${problem}` : `config.schedule: ${problem}`;
}
