/**
 * Reads the version of a document that need not be valid.
 *
 * @module
 */

import { field, isObject } from "./document_fields.ts";

/** Longest version to show, in characters. The author of a document may choose any. */
export const MAX_VERSION_LENGTH = 200;

/**
 * Reads `custom.version`, for lists: at most its first {@linkcode MAX_VERSION_LENGTH} characters.
 *
 * @param document The document, or a part of it.
 * @returns `undefined` if it has no version that is a string.
 */
export function versionOf(document: unknown): string | undefined {
  const custom = isObject(document) ? field(document, "custom") : undefined;
  const version = isObject(custom) ? field(custom, "version") : undefined;
  return typeof version === "string" ? version.slice(0, MAX_VERSION_LENGTH) : undefined;
}
