/**
 * Compacts JSON to one line.
 *
 * @module
 */

/** An unterminated string extends to the end, so that no character is scanned twice. */
const STRING_OR_SPACE = /"[^"\\]*(?:\\.[^"\\]*)*"?|[ \t\r\n]+/g;

/** Removes the white space between values, and leaves everything else as written. @param text Valid JSON. */
export function compactJson(text: string): string {
  return text.replace(STRING_OR_SPACE, (part) => part.startsWith('"') ? part : "");
}
