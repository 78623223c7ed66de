/**
 * How a line stands in a stored log: `[YYYY-MM-DD HH:MM:SS.mmm] text`, in UTC, by the engine's clock.
 *
 * Before the text of a line of stderr stands `stderr: `, before one of Berth's own `berth: `. A line of stdout
 * whose text begins with one of these, or with `stdout: `, has `stdout: ` before it; any other has nothing. So what is
 * read back is what was printed. The text stands byte for byte as the engine gives it, control characters included.
 *
 * @module
 */

/** Where a line comes from: an output of the container, or Berth itself. */
export type LogSource = "stdout" | "stderr" | "berth";

/** A line of a stored log. */
export interface StoredLogLine {
  /** When the engine received it: RFC 3339, UTC, to the millisecond. */
  readonly time: string;
  /** Where it comes from. */
  readonly stream: LogSource;
  /** The line without its line end. Invalid UTF-8 is U+FFFD. */
  readonly text: string;
}

/** What may stand before a text. All have the same form, so that one look tells. */
export const SOURCE_MARKS: Readonly<Record<LogSource, string>> = {
  stdout: "stdout: ",
  stderr: "stderr: ",
  berth: "berth: ",
};

/** `[2026-01-31 12:34:56.789] ` */
const HEAD = /^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\] /;

/**
 * The beginning of a stored line.
 *
 * @param time RFC 3339 in UTC, with any number of digits of a fraction.
 * @returns For example `[2026-01-31 12:34:56.789] `.
 */
export function lineHead(time: string): string {
  const end = time.length - 1;
  const fraction = time.slice(20, Math.min(23, end)).padEnd(3, "0");
  return `[${time.slice(0, 10)} ${time.slice(11, 19)}.${fraction}] `;
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
 * Writes a line as it stands in a stored log, as `writeStoredLine()` does.
 *
 * @param line The line.
 * @returns The text, without a line end.
 */
export function formatStoredLine({ time, stream, text }: StoredLogLine): string {
  const needsMark = stream !== "stdout" || Object.values(SOURCE_MARKS).some((mark) => text.startsWith(mark));
  return `${lineHead(time)}${needsMark ? SOURCE_MARKS[stream] : ""}${text}`;
}

/**
 * Reads a stored line.
 *
 * @param line The line without its line end.
 * @returns What it says; `undefined` when somebody else has written it.
 */
export function parseStoredLine(line: string): StoredLogLine | undefined {
  const [head, date, clock] = HEAD.exec(line) ?? [];
  if (head === undefined) return undefined;
  const rest = line.slice(head.length);
  const time = `${date}T${clock}Z`;
  for (const [stream, mark] of Object.entries(SOURCE_MARKS)) {
    if (rest.startsWith(mark)) return { time, stream: stream as LogSource, text: rest.slice(mark.length) };
  }
  return { time, stream: "stdout", text: rest };
}
