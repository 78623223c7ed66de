/**
 * Variables of the environment that look like one of Berth's and are none.
 *
 * @module
 */

import { didYouMean } from "../lib/util/did_you_mean.ts";
import { SERVICE_VARIABLES } from "../services/config.ts";

/** These belong to the system. */
const SYSTEM = ["HOME", "XDG_DATA_HOME"];
/** Common variables that look like one of Berth's. */
const COMMON = ["TMPDIR", "DOCKER_HOSTNAME"];

/** A variable, and the one that was probably meant. */
export interface MisspelledVariable {
  /** Its name. Its value, which may be a password, is not looked at. */
  readonly name: string;
  /** The variable that Berth reads. */
  readonly meant: string;
}

/**
 * Finds them.
 *
 * @param names Names of the variables that are set.
 * @returns In the order of their names. One whose likely meaning is set, too, is not among them.
 */
export function misspelledVariables(names: readonly string[]): MisspelledVariable[] {
  const known = SERVICE_VARIABLES.filter((name) => !SYSTEM.includes(name));
  const skipped = new Set([...SERVICE_VARIABLES, ...COMMON]);
  return names.filter((name) => !skipped.has(name)).toSorted().flatMap((name) => {
    const meant = didYouMean(name, known);
    return meant === undefined || names.includes(meant) ? [] : [{ name, meant }];
  });
}
