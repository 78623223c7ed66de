/**
 * Finds environment variables that look like a misspelled variable of Berth's.
 *
 * @module
 */

import { didYouMean } from "../lib/util/did_you_mean.ts";
import { SERVICE_VARIABLES } from "../services/config.ts";

/** Variables of the system. */
const SYSTEM = ["HOME", "XDG_DATA_HOME"];
/** Common variables whose names resemble one of Berth's. */
const COMMON = ["TMPDIR", "DOCKER_HOSTNAME"];

/** A misspelled variable and its likely meaning. */
export interface MisspelledVariable {
  /** Name of the variable. Its value, which may be a password, is never read. */
  readonly name: string;
  /** The variable that Berth reads. */
  readonly meant: string;
}

/**
 * Finds misspelled variables.
 *
 * @param names Names of the variables that are set.
 * @returns The misspelled ones in order of name, without those whose likely meaning is also set.
 */
export function misspelledVariables(names: readonly string[]): MisspelledVariable[] {
  const known = SERVICE_VARIABLES.filter((name) => !SYSTEM.includes(name));
  const skipped = new Set([...SERVICE_VARIABLES, ...COMMON]);
  return names.filter((name) => !skipped.has(name)).toSorted().flatMap((name) => {
    const meant = didYouMean(name, known);
    return meant === undefined || names.includes(meant) ? [] : [{ name, meant }];
  });
}
