/**
 * A configuration as it was written, beside the values that a database keeps of it.
 *
 * A database keeps values: `1.0` comes back as `1`, and keys that look like numbers change their places. So a document
 * that Berth writes carries the text of its configuration as well. It counts for as long as the values beside it say the
 * same: another program that changes the values need not know of the text.
 *
 * @module
 */

import { specHash } from "../../lib/runner/spec_hash.ts";
import { type Fields, isObject } from "./document_fields.ts";

/** The field of a document that holds the text. */
export const CONFIG_TEXT = "config_text";

/** A key of the configuration that stands in the document without being part of the text. */
const ADDED_KEY = "schedule";

/**
 * Reads the text of a configuration.
 *
 * @param text The field {@linkcode CONFIG_TEXT} of a document.
 * @param config What the bot is given of the configuration beside it.
 * @returns The text, where it says the same; `undefined` when there is none, or the configuration has changed since.
 */
export function writtenConfig(text: unknown, config: Fields): string | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const written: unknown = JSON.parse(text);
    if (!isObject(written)) return undefined;
    const { [ADDED_KEY]: added, ...others } = config;
    const beside = Object.hasOwn(written, ADDED_KEY) || added === undefined ? config : others;
    return specHash(written) === specHash(beside) ? text : undefined;
  } catch {
    // It is no JSON, or holds values that JSON has no form for: it is not what the text says.
    return undefined;
  }
}
