/**
 * The text form of a stored line: `[YYYY-MM-DD HH:MM:SS] text`, in UTC by the engine's clock. Earlier versions of Berth
 * wrote milliseconds behind the seconds; both are read.
 *
 * `stderr: ` stands before a line of stderr, and `berth: ` before one of Berth's own. A line of stdout that begins with
 * one of these, or with `stdout: `, has `stdout: ` before it, so that a line that is read back is the line that was printed.
 *
 * @module
 */

import type { ByteBuilder } from "./byte_builder.ts";
import type { LogSource, StoredLogLine } from "./line_format.ts";

/** Prefixes of a line. */
const MARKS: Readonly<Record<LogSource, string>> = {
  stdout: "stdout: ",
  stderr: "stderr: ",
  berth: "berth: ",
};
const MARK_BYTES = Object.values(MARKS).map((mark) => new TextEncoder().encode(mark));
/** How much of a line is searched for a mark, and the longest mark, in characters. */
const LOOK_LENGTH = 256;
const MARK_LENGTH = 8;
/** Control and format characters, white space, and accents that stand on other characters. */
const INVISIBLE = /[\p{C}\p{Z}\p{Mn}]/gu;
/** `[2026-01-31 12:34:56] ` or `[2026-01-31 12:34:56.789] ` */
const HEAD = /^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{3})?)\] /;

/**
 * Writes a line with its line end.
 *
 * @param time When the engine received it, RFC 3339 in UTC.
 * @param pieces Its content, without a line end; the first piece decides whether it begins with a mark.
 */
export function writeTextLine(
  output: ByteBuilder,
  source: LogSource,
  time: string,
  pieces: readonly Uint8Array[],
): void {
  output.addAscii("[");
  output.addAscii(time, 0, 10);
  output.addAscii(" ");
  output.addAscii(time, 11, 19);
  output.addAscii("] ");
  if (source !== "stdout" || beginsWithMark(pieces[0]!)) output.addAscii(MARKS[source]);
  for (const piece of pieces) output.add(piece);
  output.addAscii("\n");
}

/**
 * Formats the beginning of a line.
 *
 * @param time RFC 3339 in UTC, with any number of digits of a fraction.
 * @param digits How many digits of the fraction to show, if there are any.
 * @returns For example `[2026-01-31 12:34:56.789] `.
 */
export function textHead(time: string, digits: number): string {
  const end = time.length - 1;
  const fraction = end > 20 && digits > 0
    ? `.${time.slice(20, Math.min(20 + digits, end)).padEnd(digits, "0")}`
    : "";
  return `[${time.slice(0, 10)} ${time.slice(11, 19)}${fraction}] `;
}

/**
 * Adds the mark of its source to a line, if needed: also if the line only looks on a screen as if it began with a mark,
 * by invisible or similar characters.
 */
export function withMark(stream: LogSource, text: string): string {
  return stream !== "stdout" || looksMarked(text) ? MARKS[stream] + text : text;
}

/**
 * Reads a line.
 *
 * @param line The line without its line end.
 * @returns The line; `undefined` if it does not have this form.
 */
export function parseTextLine(line: string): StoredLogLine | undefined {
  const [head, date, clock] = HEAD.exec(line) ?? [];
  if (head === undefined) return undefined;
  const rest = line.slice(head.length);
  const time = `${date}T${clock}Z`;
  for (const [stream, mark] of Object.entries(MARKS)) {
    if (rest.startsWith(mark)) return { time, stream: stream as LogSource, text: rest.slice(mark.length) };
  }
  return { time, stream: "stdout", text: rest };
}

function beginsWithMark(text: Uint8Array): boolean {
  // `s` or `b`: a quick check for nearly all lines.
  if (text[0] !== 0x73 && text[0] !== 0x62) return false;
  return MARK_BYTES.some((mark) => mark.every((byte, i) => text[i] === byte));
}

function looksMarked(text: string): boolean {
  // Many invisible characters may hide a mark after them.
  const begin = text.slice(0, LOOK_LENGTH).normalize("NFKC").replace(INVISIBLE, "").toLowerCase();
  return Object.values(MARKS).some((mark) => begin.startsWith(mark.trimEnd())) ||
    (begin.length < MARK_LENGTH && text.length > LOOK_LENGTH);
}
