/**
 * Reads whether a bot that has ended is started again.
 *
 * @module
 */

import { BERTH_KEY } from "./berth_settings.ts";
import { deployedFacts } from "./deployed_facts.ts";
import { field, type Fields, typeName } from "./document_fields.ts";

/** Whether a bot that has ended is started again, in Docker's words. */
export type RestartMode =
  /** However it ended. */
  | "always"
  /** Unless it ended by itself with exit code 0. */
  | "on-failure"
  /** Never. */
  | "no";

const MODES: readonly RestartMode[] = ["always", "on-failure", "no"];

/**
 * Reads the setting `restart`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line if the value is invalid.
 * @returns `undefined` if it is missing, `null` or invalid.
 */
export function readRestartMode(berth: Fields, problems: string[]): RestartMode | undefined {
  const value = field(berth, "restart") ?? undefined;
  if (value === undefined || isRestartMode(value)) return value;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeName(value);
  problems.push(`config.${BERTH_KEY}.restart: must be "always", "on-failure" or "no" (is ${shown})`);
  return undefined;
}

/**
 * Returns the default of a document that `deploy` has made: `custom.berth.restart`. Documents of other programs, and
 * those of earlier versions of Berth, have none, and `always` applies to them.
 *
 * @param custom The document's `custom`.
 */
export function defaultRestartMode(custom: unknown): RestartMode | undefined {
  const value = field(deployedFacts(custom), "restart");
  return isRestartMode(value) ? value : undefined;
}

function isRestartMode(value: unknown): value is RestartMode {
  return MODES.includes(value as RestartMode);
}
