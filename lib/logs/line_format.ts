/**
 * The forms of a line in a stored log, see `json_line.ts` and `text_line.ts`.
 *
 * @module
 */

import { parseJsonLine } from "./json_line.ts";
import { parseTextLine, textHead, withMark } from "./text_line.ts";

/** How lines are written: `ndjson`, one JSON object a line, or `text`, `[YYYY-MM-DD HH:MM:SS] …`. */
export type LogFormat = "ndjson" | "text";

/** Where a line comes from: an output of the container, or Berth itself. */
export type LogSource = "stdout" | "stderr" | "berth";

/** A line of a stored log. */
export interface StoredLogLine {
  /** When the engine received it: RFC 3339, UTC, with nanoseconds, milliseconds or seconds, as it is stored. */
  readonly time: string;
  /** Where it comes from. */
  readonly stream: LogSource;
  /** The line without its line end. Invalid UTF-8 is U+FFFD. */
  readonly text: string;
  /** Slot of the run that printed it, or id of the backtest; absent for lines of a bot. */
  readonly run?: string;
}

/**
 * The UTC day of a time.
 *
 * @param time RFC 3339 in UTC.
 * @returns For example `20260131`.
 */
export function dayOf(time: string): string {
  return time.slice(0, 4) + time.slice(5, 7) + time.slice(8, 10);
}

/**
 * Parses a stored line of either form.
 *
 * @param line The line without its line end.
 * @returns The line; `undefined` if it has neither form.
 */
export function parseStoredLine(line: string): StoredLogLine | undefined {
  return line.startsWith("{") ? parseJsonLine(line) : parseTextLine(line);
}

/**
 * Formats a line for people: `[2026-01-31 12:34:56.789] text`. {@linkcode parseStoredLine} reads it back.
 *
 * @returns The line, without a line end.
 */
export function formatLine({ time, stream, text }: StoredLogLine): string {
  return textHead(time, 3) + withMark(stream, text);
}
