/**
 * The level of a line, by its first word.
 *
 * @module
 */

/** Log levels. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: "debug",
  INFO: "info",
  WARN: "warn",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "error",
  FATAL: "error",
};
/** Length of the longest first word that is looked up, module of an error included. */
const MAX_WORD_BYTES = 64;
const COLON = 0x3a;
const FIRST_VISIBLE = 0x21;
const LAST_ASCII = 0x7e;

/**
 * Reads the level of a line that begins with one, as `WARNING: …` does, or with the name of an error, as
 * `ValueError: …` does.
 *
 * @returns `undefined` if it begins with neither.
 */
export function levelOf(text: Uint8Array): LogLevel | undefined {
  const end = Math.min(text.length, MAX_WORD_BYTES);
  for (let i = 0; i < end; i++) {
    const byte = text[i]!;
    if (byte === COLON) return levelOfWord(String.fromCharCode(...text.subarray(0, i)));
    if (byte < FIRST_VISIBLE || byte > LAST_ASCII) return undefined;
  }
  return undefined;
}

function levelOfWord(word: string): LogLevel | undefined {
  if (word.endsWith("Error") || word.endsWith("Exception")) return "error";
  const name = word.toUpperCase();
  return Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
}
