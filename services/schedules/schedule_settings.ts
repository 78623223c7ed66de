/**
 * How a schedule's runs are looked after: settings of ours in `config.berth`.
 *
 * @module
 */

import { BERTH_KEY, wholeNumberSetting } from "../documents/berth_settings.ts";
import { field, type Fields, typeName } from "../documents/document_fields.ts";

/** What becomes of a slot that comes while an earlier run is still going. */
export type ConcurrencyPolicy =
  /** It is skipped. */
  | "Forbid"
  /** It runs beside the other. */
  | "Allow"
  /** The other is stopped, then it runs. */
  | "Replace";

/** Settings of a schedule. One that is missing or `null` in the document has its default, or is absent. */
export interface ScheduleSettings {
  /** `concurrency_policy`. @default "Forbid" */
  readonly concurrencyPolicy: ConcurrencyPolicy;
  /** `starting_deadline_seconds`: a slot is not run when it could not be started for so long, in seconds. */
  readonly startingDeadlineSeconds?: number;
  /** `max_runtime_seconds`: a run that takes longer is stopped, in seconds. */
  readonly maxRuntimeSeconds?: number;
  /** `retries`: how often a run that failed is tried again. @default 0 */
  readonly retries: number;
  /** `stop_grace_seconds`: from SIGTERM to SIGKILL, in seconds. */
  readonly stopGraceSeconds?: number;
  /** `log_interval_seconds`: between two writes of its stored log, in seconds. */
  readonly logIntervalSeconds?: number;
}

/** What holds for a schedule whose document is gone. */
export const DEFAULT_SCHEDULE_SETTINGS: ScheduleSettings = {
  concurrencyPolicy: "Forbid",
  retries: 0,
};

const POLICIES: readonly ConcurrencyPolicy[] = ["Forbid", "Allow", "Replace"];
/** Ten years: more is a mistake, such as milliseconds. */
const MAX_DURATION_SECONDS = 315_360_000;
const MAX_RETRIES = 100;

/**
 * Reads the settings.
 *
 * @param berth The settings of the document, `config.berth`.
 * @param problems Where to add what is wrong, a line each.
 * @returns The settings; of no use when a problem was added. What bots have too is the bot document's to read.
 */
export function readScheduleSettings(
  berth: Fields,
  problems: string[],
): Omit<ScheduleSettings, "stopGraceSeconds" | "logIntervalSeconds"> {
  const wholeNumber = (name: string, min: number, max: number) =>
    wholeNumberSetting(berth, name, [min, max], problems);
  const policy = field(berth, "concurrency_policy") ?? "Forbid";
  if (!POLICIES.includes(policy as ConcurrencyPolicy)) {
    problems.push(
      `config.${BERTH_KEY}.concurrency_policy: must be ${POLICIES.join(", ")} (is ${typeName(policy)})`,
    );
  }
  const startingDeadlineSeconds = wholeNumber("starting_deadline_seconds", 1, MAX_DURATION_SECONDS);
  const maxRuntimeSeconds = wholeNumber("max_runtime_seconds", 1, MAX_DURATION_SECONDS);
  return {
    concurrencyPolicy: policy as ConcurrencyPolicy,
    ...(startingDeadlineSeconds !== undefined && { startingDeadlineSeconds }),
    ...(maxRuntimeSeconds !== undefined && { maxRuntimeSeconds }),
    retries: wholeNumber("retries", 0, MAX_RETRIES) ?? 0,
  };
}
