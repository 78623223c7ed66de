/**
 * Reads the settings of a bot in `config.berth`. A document has them there, and a bot folder at the top level of its
 * `bot-config.yaml`; both are read here, so that both know the same.
 *
 * @module
 */

import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { MAX_LOG_INTERVAL_SECONDS } from "../../lib/runner/docker_runner_config.ts";
import { type LeaseMode, readAccounts, readLeaseMode } from "./account_settings.ts";
import { flagSetting, wholeNumberSetting } from "./berth_settings.ts";
import type { Fields } from "./document_fields.ts";
import { type GuardRule, readGuards } from "./guard_settings.ts";
import { type HealthSettings, readHealthSettings } from "./health_settings.ts";
import { readImageSettings } from "./image_settings.ts";
import { type Labels, readLabels } from "./labels.ts";
import { readBuildSecrets, readSecrets } from "./secret_settings.ts";
import { readLimits } from "./limit_settings.ts";
import { readPlacement } from "./placement_settings.ts";
import { readRestartMode, type RestartMode } from "./restart_mode.ts";
import { readSession, type SessionSetting } from "./session_settings.ts";
import { readStateSetting } from "./state_setting.ts";

/**
 * Settings that tell the services how to treat a bot. The service's default applies to a setting that is missing or
 * `null`.
 */
export interface BotSettings {
  /** `stop_grace_seconds`: seconds from SIGTERM to SIGKILL, a whole number from 0 to 3600. */
  readonly stopGraceSeconds?: number;
  /** `log_interval_seconds`: seconds between two writes of the stored log, a whole number from 1 to 3600. */
  readonly logIntervalSeconds?: number;
  /** `keep_revisions`: revisions that one can go back to, a whole number from 1 to 100. */
  readonly keepRevisions?: number;
  /** `allow_source_builds`: whether a deployment may build packages from source, which runs their own code. */
  readonly allowSourceBuilds?: boolean;
  /** `build_secrets`: variables of the tools that install libraries, by references to secrets. */
  readonly buildSecrets?: Readonly<Record<string, string>>;
  /** `labels`: strings by name, to group bots. They do not shape the container. */
  readonly labels?: Labels;
  /** `restart`: whether a bot that has ended is started again. @default {"always"} */
  readonly restart?: RestartMode;
  /** `guards`: rules on the bot's metrics that alert somebody or stop the bot. Only bots have them. */
  readonly guards?: readonly GuardRule[];
  /** `health`: how the watchdog looks after the bot. @default {it does not} */
  readonly health?: HealthSettings;
  /** `lease`: what a copy on a cluster does when it cannot renew its lease. @default {"strict"} */
  readonly lease?: LeaseMode;
  /** `session`: the bot runs only during the sessions of an exchange. @default {it runs all the time} */
  readonly session?: SessionSetting;
}

/** Settings that shape the container: a change replaces it. */
export type ShapeSettings = Partial<ExecutableInput>;

/** The settings of a bot. */
export interface ReadBotSettings {
  /** Those for the services. */
  readonly settings: BotSettings;
  /** Those for the container. */
  readonly shape: ShapeSettings;
  /** One line for each that is ignored. */
  readonly notes: readonly string[];
}

const MAX_GRACE_SECONDS = 3600;
/** Smallest and largest `keep_revisions`. */
export const KEEP_REVISIONS_RANGE: readonly [min: number, max: number] = [1, 100];

/**
 * Reads the settings.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem, which begins with the place, such as `config.berth.retries: `.
 * @returns The settings; meaningless if a problem was added.
 */
export function readBotSettings(berth: Fields, problems: string[]): ReadBotSettings {
  const seconds = (name: string, min: number, max: number) =>
    wholeNumberSetting(berth, name, [min, max], problems);
  const stopGraceSeconds = seconds("stop_grace_seconds", 0, MAX_GRACE_SECONDS);
  const logIntervalSeconds = seconds("log_interval_seconds", 1, MAX_LOG_INTERVAL_SECONDS);
  const keepRevisions = wholeNumberSetting(berth, "keep_revisions", KEEP_REVISIONS_RANGE, problems);
  const allowSourceBuilds = flagSetting(berth, "allow_source_builds", problems);
  const { labels, notes } = readLabels(berth);
  const secrets = readSecrets(berth, problems);
  const buildSecrets = readBuildSecrets(berth, problems);
  const restart = readRestartMode(berth, problems);
  const state = readStateSetting(berth, problems);
  const guards = readGuards(berth, problems);
  const health = readHealthSettings(berth, problems);
  const session = readSession(berth, problems);
  const lease = readLeaseMode(berth, problems);
  const accounts = readAccounts(berth, problems);
  const placement = readPlacement(berth, problems);
  return {
    settings: {
      ...(stopGraceSeconds !== undefined && { stopGraceSeconds }),
      ...(logIntervalSeconds !== undefined && { logIntervalSeconds }),
      ...(keepRevisions !== undefined && { keepRevisions }),
      ...(allowSourceBuilds !== undefined && { allowSourceBuilds }),
      ...(buildSecrets && { buildSecrets }),
      ...(labels && { labels }),
      ...(restart !== undefined && { restart }),
      ...(guards && { guards }),
      ...(health && { health }),
      ...(session && { session }),
      ...(lease && { lease }),
    },
    shape: {
      ...secrets,
      ...readLimits(berth, problems),
      ...readImageSettings(berth, problems),
      ...(state && { state }),
      ...(accounts && { accounts }),
      ...(placement && { placement }),
    },
    notes,
  };
}
