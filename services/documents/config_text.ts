/**
 * The source text of a configuration, kept beside its values.
 *
 * A database keeps only values: `1.0` comes back as `1`, and keys that look like numbers are reordered. A
 * document that Berth writes therefore also carries the source text of its configuration. The text counts as
 * long as the values agree with it, so a program that changes the values need not know of the text.
 *
 * @module
 */

import { specHash } from "../../lib/runner/spec_hash.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";
import { type Fields, isObject } from "./document_fields.ts";

/** The field of a document that holds the configuration as it was written. */
export const CONFIG_TEXT = "config_text";

/** A key of the configuration that the document adds to the source text. */
const ADDED_KEY = "schedule";

/**
 * Returns the source text of a configuration if it is still valid.
 *
 * @param text The field {@linkcode CONFIG_TEXT} of a document.
 * @param config The bot's part of the configuration.
 * @returns The text if it agrees with the values; `undefined` if there is none, or the values have changed
 * since.
 */
export function writtenConfig(text: unknown, config: Fields): string | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const written = parseExactJson(text);
    if (!isObject(written)) return undefined;
    const { [ADDED_KEY]: added, ...others } = config;
    const beside = Object.hasOwn(written, ADDED_KEY) || added === undefined ? config : others;
    return specHash(written) === specHash(beside) ? text : undefined;
  } catch {
    // Invalid JSON, or values that JSON cannot hold: the text does not match.
    return undefined;
  }
}
