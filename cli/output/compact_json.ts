/**
 * JSON in one line.
 *
 * @module
 */

/** A string without its end goes on to the end of the text, so that no character is looked at twice. */
const STRING_OR_SPACE = /"[^"\\]*(?:\\.[^"\\]*)*"?|[ \t\r\n]+/g;

/**
 * Leaves out the white space between the values; everything else stays as it was written.
 *
 * @param text Valid JSON.
 */
export function compactJson(text: string): string {
  return text.replace(STRING_OR_SPACE, (part) => part.startsWith('"') ? part : "");
}
