/**
 * Berth's own settings in a document, all under one reserved key of the configuration, `config.berth`. Every
 * other key, whatever its name, is the bot's.
 *
 * @module
 */

import { didYouMean } from "../../lib/util/did_you_mean.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** The reserved key. */
export const BERTH_KEY = "berth";

/** A setting: what it belongs to, and how a file of strings gives it. */
interface Setting {
  /** Whether only schedules have it. @default {bots and schedules have it} */
  readonly isForSchedules?: true;
  /** Whether schedules do not have it. @default {bots and schedules have it} */
  readonly isForBots?: true;
  /** Whether bots may well have a key of that name in their own configuration. @default {it is taken for a mistake} */
  readonly isCommon?: true;
  /**
   * Whether every scalar in it is a string, even one that looks like a number. @default {numbers and booleans are not}
   */
  readonly isText?: true;
}

/** Every setting by its name. To add one, add a row here and read it in `readBotSettings()` or `readScheduleSettings()`. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  stop_grace_seconds: {},
  log_interval_seconds: {},
  secrets: { isText: true },
  secrets_as_env: {},
  build_secrets: { isText: true },
  labels: { isText: true, isCommon: true },
  restart: { isForBots: true, isText: true, isCommon: true },
  memory_mb: {},
  cpu_shares: {},
  cpus: {},
  pids: { isCommon: true },
  disk_mb: {},
  network: { isText: true, isCommon: true },
  allow_source_builds: {},
  // The runtime `image`.
  image: { isText: true, isCommon: true },
  command: { isText: true, isCommon: true },
  keep_revisions: {},
  health: { isForBots: true, isCommon: true },
  state: { isCommon: true },
  guards: { isForBots: true },
  accounts: { isText: true, isCommon: true },
  lease: { isText: true, isCommon: true },
  placement: { isText: true, isCommon: true },
  session: { isForBots: true, isText: true, isCommon: true },
  // Schedules.
  timezone: { isForSchedules: true, isText: true },
  calendar: { isForSchedules: true, isText: true, isCommon: true },
  concurrency_policy: { isForSchedules: true, isText: true },
  starting_deadline_seconds: { isForSchedules: true },
  max_runtime_seconds: { isForSchedules: true },
  retries: { isForSchedules: true },
};

/** Names of all settings. */
export const ALL_SETTINGS: readonly string[] = Object.keys(SETTINGS);

/** Names of the settings that only schedules have. */
export const SCHEDULE_SETTINGS: readonly string[] = ALL_SETTINGS.filter((name) =>
  SETTINGS[name]!.isForSchedules
);

/** Names of the settings that schedules do not have. */
export const BOT_SETTINGS: readonly string[] = ALL_SETTINGS.filter((name) => SETTINGS[name]!.isForBots);

/** Whether every scalar in a setting is a string. @param name Name of the setting. */
export function isTextSetting(name: string): boolean {
  return SETTINGS[name]?.isText ?? false;
}

/** A configuration, split into the bot's part and Berth's. */
export interface SplitConfig {
  /** The part that is passed to the bot. */
  readonly own: Fields;
  /** The settings under {@linkcode BERTH_KEY}; empty if the key is missing or `null`. */
  readonly berth: Fields;
  /** Why the settings are invalid. */
  readonly problem?: string;
}

/**
 * Splits the settings from a configuration.
 *
 * @param config The document's `config`.
 * @returns Both parts.
 */
export function splitConfig(config: Fields): SplitConfig {
  if (!Object.hasOwn(config, BERTH_KEY)) return { own: config, berth: {} };
  const { [BERTH_KEY]: given, ...own } = config;
  const berth = given ?? {};
  if (isObject(berth)) return { own, berth };
  return { own, berth: {}, problem: `config.${BERTH_KEY}: must be an object (is ${typeName(berth)})` };
}

/**
 * Points out keys that look like settings but have no effect.
 *
 * @param config The configuration, split.
 * @returns One line for each such key.
 */
export function settingNotes({ own, berth }: SplitConfig): string[] {
  const unknown = Object.keys(berth).filter((name) => !ALL_SETTINGS.includes(name)).map((name) => {
    const meant = didYouMean(name, ALL_SETTINGS);
    const shown = JSON.stringify(name.slice(0, 60));
    return `config.${BERTH_KEY}: ${shown} is no setting and is ignored${
      meant ? `; did you mean ${meant}?` : ""
    }`;
  });
  // A bot may well have a key of such a name of its own.
  const bare = ALL_SETTINGS.filter((name) =>
    !SETTINGS[name]!.isCommon && Object.hasOwn(own, name) && !Object.hasOwn(berth, name)
  ).map((
    name,
  ) => `config.${name}: belongs to the bot and sets nothing; Berth reads config.${BERTH_KEY}.${name}`);
  return [...unknown, ...bare];
}

/**
 * Reads a setting that is `true` or `false`.
 *
 * @param berth The settings.
 * @param name Name of the setting.
 * @param problems Receives a line if the value is invalid.
 * @returns The value; `undefined` if it is missing, `null` or invalid.
 */
export function flagSetting(berth: Fields, name: string, problems: string[]): boolean | undefined {
  const value = field(berth, name) ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  problems.push(`config.${BERTH_KEY}.${name}: must be true or false (is ${typeName(value)})`);
  return undefined;
}

/**
 * Reads a setting that is a whole number.
 *
 * @param berth The settings.
 * @param name Name of the setting.
 * @param range Smallest and largest value.
 * @param problems Receives a line if the value is invalid.
 * @returns The number; `undefined` if it is missing, `null` or invalid.
 */
export function wholeNumberSetting(
  berth: Fields,
  name: string,
  [min, max]: readonly [min: number, max: number],
  problems: string[],
): number | undefined {
  const value = field(berth, name) ?? undefined;
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  const shown = typeof value === "number" ? value : typeName(value);
  problems.push(`config.${BERTH_KEY}.${name}: must be a whole number from ${min} to ${max} (is ${shown})`);
  return undefined;
}
