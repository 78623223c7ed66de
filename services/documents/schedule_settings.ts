/**
 * Settings of a schedule in `config.berth`.
 *
 * @module
 */

import type { LeaseMode } from "./account_settings.ts";
import { BERTH_KEY, wholeNumberSetting } from "./berth_settings.ts";
import { field, type Fields, typeName } from "./document_fields.ts";
import { readCalendarName } from "./session_settings.ts";

/** The reaction to a slot that comes during an active run. */
export type ConcurrencyPolicy =
  /** The slot is skipped. */
  | "Forbid"
  /** Both run at once. */
  | "Allow"
  /** The earlier run is stopped first. */
  | "Replace";

/**
 * Settings of a schedule. A setting that is missing or `null` in the document has its default, or is absent.
 */
export interface ScheduleSettings {
  /** `concurrency_policy`. @default "Forbid" */
  readonly concurrencyPolicy: ConcurrencyPolicy;
  /** `starting_deadline_seconds`: a slot that cannot start within this time is skipped. */
  readonly startingDeadlineSeconds?: number;
  /** `max_runtime_seconds`: a run that takes longer is stopped. */
  readonly maxRuntimeSeconds?: number;
  /** `retries`: how often a failed run is retried. @default 0 */
  readonly retries: number;
  /** `calendar`: name of the trading calendar on whose days it runs. @default {it runs on each day} */
  readonly calendar?: string;
  /** `stop_grace_seconds`: seconds from SIGTERM to SIGKILL. */
  readonly stopGraceSeconds?: number;
  /** `log_interval_seconds`: seconds between two writes of the stored log. */
  readonly logIntervalSeconds?: number;
  /** `lease`: what a copy on a cluster does when it cannot renew its lease. @default {"strict"} */
  readonly lease?: LeaseMode;
}

/** Settings of a schedule whose document is gone. */
export const DEFAULT_SCHEDULE_SETTINGS: ScheduleSettings = {
  concurrencyPolicy: "Forbid",
  retries: 0,
};

const POLICIES: readonly ConcurrencyPolicy[] = ["Forbid", "Allow", "Replace"];
/** Longest setting, ten years: a larger value is a mistake, such as milliseconds. */
const MAX_DURATION_SECONDS = 315_360_000;
const MAX_RETRIES = 100;

/**
 * Reads the settings. Leaves settings that bots also have to the bot document.
 *
 * @param berth The document's settings, `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns The settings; meaningless if a problem was added.
 */
export function readScheduleSettings(
  berth: Fields,
  problems: string[],
): Omit<ScheduleSettings, "stopGraceSeconds" | "logIntervalSeconds" | "lease"> {
  const wholeNumber = (name: string, min: number, max: number) =>
    wholeNumberSetting(berth, name, [min, max], problems);
  const policy = field(berth, "concurrency_policy") ?? "Forbid";
  if (!POLICIES.includes(policy as ConcurrencyPolicy)) {
    problems.push(
      `config.${BERTH_KEY}.concurrency_policy: must be ${POLICIES.join(", ")} (is ${typeName(policy)})`,
    );
  }
  if (policy === "Allow" && (field(berth, "state") ?? false) !== false) {
    problems.push(
      `config.${BERTH_KEY}.concurrency_policy: cannot be Allow with a state, which one run at a time may write to`,
    );
  }
  const startingDeadlineSeconds = wholeNumber("starting_deadline_seconds", 1, MAX_DURATION_SECONDS);
  const maxRuntimeSeconds = wholeNumber("max_runtime_seconds", 1, MAX_DURATION_SECONDS);
  const calendar = readCalendarName(berth, problems);
  return {
    ...(calendar !== undefined && { calendar }),
    concurrencyPolicy: policy as ConcurrencyPolicy,
    ...(startingDeadlineSeconds !== undefined && { startingDeadlineSeconds }),
    ...(maxRuntimeSeconds !== undefined && { maxRuntimeSeconds }),
    retries: wholeNumber("retries", 0, MAX_RETRIES) ?? 0,
  };
}
