/**
 * Whether a document enables its bot.
 *
 * @module
 */

import { field, type Fields, isObject, typeName } from "./document_fields.ts";

const DISABLED: readonly unknown[] = [false, "false", 0, "0"];
const ENABLED: readonly unknown[] = [undefined, true, "true", 1, "1"];

/**
 * Applies the outside contract: `config.enabled` of `false`, `"false"`, `0` or `"0"`, or top-level `enabled`
 * of `false`, disables a bot; anything else enables it.
 *
 * @param document Any document.
 * @returns Whether the bot should run.
 */
export function isEnabled(document: Fields): boolean {
  const config = field(document, "config");
  return field(document, "enabled") !== false &&
    !(isObject(config) && DISABLED.includes(field(config, "enabled")));
}

/**
 * Points out fields that seem to disable the bot but do not.
 *
 * @param document A document.
 * @returns One line for each such field.
 */
export function enabledNotes(document: Fields): string[] {
  const outer = field(document, "enabled");
  const config = field(document, "config");
  const inner = isObject(config) ? field(config, "enabled") : undefined;
  const notes: string[] = [];
  if (outer !== false && !ENABLED.includes(outer)) {
    notes.push(`enabled: is ${typeName(outer)}, which does not disable the bot; only false does`);
  }
  if (!DISABLED.includes(inner) && !ENABLED.includes(inner)) {
    notes.push(
      `config.enabled: is ${typeName(inner)}, which does not disable the bot; false, "false", 0 and "0" do`,
    );
  }
  return notes;
}
