/** Reads a line of a log: its level, and the part that is folded. */

import { ansiParts } from "./ansi.js";
import { parseExact } from "./exact_json.js";
import { plainText } from "./plain_text.js";

/** Characters of a line that are shown in its row; the details have the rest. */
export const ROW_LENGTH = 1000;

const LEVELS = {
  trace: "debug",
  debug: "debug",
  verbose: "debug",
  info: "info",
  notice: "info",
  warn: "warning",
  warning: "warning",
  err: "error",
  error: "error",
  critical: "error",
  fatal: "error",
  panic: "error",
};
/** Levels of bunyan and pino. */
const NUMBERS = { 10: "debug", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "error" };
const WORD = /\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b/;
/** How far into a line a level may stand, in characters. */
const LEVEL_WITHIN = 80;
const MESSAGES = ["message", "msg", "event", "text"];
const OWN_KEYS = new Set([...MESSAGES, "level", "lvl", "severity", "time", "timestamp", "ts", "_metric"]);

const known = new WeakMap();

/**
 * Reads a line: once, however often it is shown.
 *
 * @returns `level` (`debug`, `info`, `warning`, `error` or undefined), `parts` of the row (see `ansiParts`), and `json` if
 * it is an object.
 */
export function readLine(line) {
  const before = known.get(line);
  if (before) return before;
  const read = parse(line.text);
  known.set(line, read);
  return read;
}

function parse(text) {
  const json = objectOf(text);
  if (json) return { ...ofObject(json), json };
  const head = text.slice(0, ROW_LENGTH);
  const level = LEVELS[WORD.exec(head.slice(0, LEVEL_WITHIN))?.[1]?.toLowerCase()];
  const more = text.length > ROW_LENGTH ? [{ text: " …", classes: "faint" }] : [];
  return { level, parts: [...ansiParts(head), ...more] };
}

/** Longest line that is parsed to be folded: one of a megabyte is not. */
const MAX_JSON_LENGTH = 100_000;

function objectOf(text) {
  if (!text.startsWith("{") || text.length > MAX_JSON_LENGTH) return undefined;
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

function ofObject(json) {
  const level = levelOf(json.level ?? json.lvl ?? json.severity);
  const message = MESSAGES.map((name) => json[name]).find((value) => typeof value === "string");
  const metric = typeof json._metric === "string" ? json._metric : undefined;
  const rest = Object.entries(json).filter(([key]) => !OWN_KEYS.has(key))
    .map(([key, value]) => `${plainText(key, 60)}=${short(value)}`).join(" ");
  const parts = [
    ...(metric === undefined
      ? []
      : [{ text: "metric ", classes: "faint" }, { text: plainText(metric, 100), classes: "ansi-blue" }]),
    ...(message === undefined ? [] : [{ text: plainText(message, ROW_LENGTH), classes: "" }]),
    { text: `${metric ?? message ? "  " : ""}${plainText(rest, ROW_LENGTH)}`, classes: "soft" },
  ];
  return { level, parts };
}

/** The level that a field names; `undefined` for whatever else a program writes there. */
function levelOf(given) {
  if (typeof given === "number") return NUMBERS[given];
  const name = typeof given === "string" ? given.toLowerCase() : "";
  return Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
}

function short(value) {
  if (typeof value === "string") return plainText(value, 80);
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === "object") return "{…}";
  return String(value);
}
