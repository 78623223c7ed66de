/**
 * Reads the settings of bots that bring an image of their own, the runtime `image`.
 *
 * @module
 */

import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { BERTH_KEY } from "./berth_settings.ts";
import { field, type Fields, typeName } from "./document_fields.ts";

/**
 * Reads `image` and `command`. Whether they fit the runtime is for `parseExecutable()` to say.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 */
export function readImageSettings(
  berth: Fields,
  problems: string[],
): Pick<ExecutableInput, "image" | "command"> {
  const image = field(berth, "image") ?? undefined;
  const command = field(berth, "command") ?? undefined;
  if (image !== undefined && typeof image !== "string") {
    problems.push(`config.${BERTH_KEY}.image: must be the name of an image (is ${typeName(image)})`);
    return {};
  }
  if (command !== undefined && !isStrings(command)) {
    problems.push(
      `config.${BERTH_KEY}.command: must be a list of strings, a program and its arguments ` +
        `(is ${Array.isArray(command) ? "another list" : typeName(command)})`,
    );
    return {};
  }
  return { ...(image !== undefined && { image }), ...(command !== undefined && { command }) };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
