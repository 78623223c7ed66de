/**
 * Berth's settings in a `bot-config.yaml`.
 *
 * @module
 */

import {
  ALL_SETTINGS,
  BERTH_KEY,
  BOT_SETTINGS,
  isTextSetting,
  SCHEDULE_SETTINGS,
} from "../../services/documents/berth_settings.ts";
import { readBotSettings } from "../../services/documents/bot_settings.ts";
import { field, type Fields } from "../../services/documents/document_fields.ts";
import { readScheduleSettings } from "../../services/documents/schedule_settings.ts";

/**
 * Picks the settings from the file and checks them as a service checks those of a document.
 *
 * @param strings The content of the file, with strings as its scalars.
 * @param values The same with numbers and booleans.
 * @param hasSchedule Whether the file is that of a scheduled bot.
 * @param problems Receives a line for each problem.
 * @returns The settings, for `config.berth` of the document; meaningless if a problem was added.
 */
export function readFolderSettings(
  strings: Fields,
  values: Fields,
  hasSchedule: boolean,
  problems: string[],
): Fields {
  const given = ALL_SETTINGS.filter((name) => Object.hasOwn(strings, name));
  const settings = Object.fromEntries(
    given.map((name) => [name, field(isTextSetting(name) ? strings : values, name)]),
  );
  const found: string[] = [];
  const { notes } = readBotSettings(settings, found);
  if (hasSchedule) {
    readScheduleSettings(settings, found);
    for (const name of BOT_SETTINGS) {
      if (name in settings) found.push(`${name}: has no effect on a schedule`);
    }
  } else {
    for (const name of SCHEDULE_SETTINGS) {
      if (name in settings) found.push(`${name}: has no effect without a schedule`);
    }
  }
  // The author of the file can correct it, so nothing in it is ignored.
  found.push(...notes.map((note) => note.replace(/ and is ignored$/, "")));
  problems.push(...found.map((problem) => problem.replace(`config.${BERTH_KEY}.`, "")));
  return settings;
}
