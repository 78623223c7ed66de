/** Strings of bots without escape sequences and control characters, which could draw, move or hide text. */

import { asText } from "./as_text.js";
import { stringifyExact } from "./exact_json.js";

// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)/g;
// Marks that change the direction of what follows, too.
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Makes control characters visible. */
export const visible = (text) =>
  text.replace(CONTROLS, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });

/** A string, or whatever stands in its place, on one line: at most `length` characters. */
export function plainText(value, length = Infinity) {
  const text = asText(value);
  // A line may have a million characters: most of them are not even looked at.
  const near = text.length > 4 * length ? text.slice(0, 4 * length) : text;
  const plain = visible(near.replace(ESCAPES, "")).replace(/\n+/g, " ");
  return plain.length > length ? `${plain.slice(0, length)}…` : plain;
}

/** Characters of a value that are shown. */
const MAX_PRETTY = 50_000;

/** A value as indented JSON, cut to a length that people read. */
export function prettyText(value) {
  const whole = stringifyExact(value);
  const rest = whole.length - MAX_PRETTY;
  const shown = visible(whole.slice(0, MAX_PRETTY));
  return rest > 0 ? `${shown}\n… and ${rest} more characters` : shown;
}
