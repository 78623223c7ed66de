/**
 * The NDJSON form of a stored line: one JSON object.
 *
 * - A plain line: `{"timestamp":"…","stream":"stdout","message":"line"}`; with `"level":"error"` before the
 *   message if the line begins with a level, as `ERROR: …` or `ValueError: …` do.
 * - A line that is a JSON object is kept byte for byte, with two fields added in front:
 *   `{"stream":"stdout","timestamp":"…",` and then everything after its opening brace. An object with a `timestamp`
 *   or `stream` of its own keeps it: `{"berth":{"stream":"…","timestamp":"…"},…` or `{"timestamp":"…","berth":{"stream":"…"},…`.
 *   If it also has a `berth`, it is stored as a plain line.
 *
 * A line of a run has a field in front that names the run: `{"berth":{"run":"1769868000"},"timestamp":"…","stream":"…",…` for
 * a plain line, `{"berth":{"run":"…"},"stream":"…","timestamp":"…",…` for an object, and
 * `{"berth":{"run":"…","stream":"…","timestamp":"…"},…` or `{"berth":{"run":"…","stream":"…"},"timestamp":"…",…` for one with a
 * `timestamp` or `stream` of its own. An object with a `berth` of its own is stored as a plain line.
 *
 * The order of the first fields tells these forms apart, so that a line that is read back is the line that was printed. Times are RFC 3339 in UTC, by the engine's clock.
 *
 * @module
 */

import { wholeOf } from "../engine/line_joiner.ts";
import type { ByteBuilder } from "./byte_builder.ts";
import type { LogSource, StoredLogLine } from "./line_format.ts";
import { levelOf } from "./line_level.ts";

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
/** White space that JSON allows after a brace, without the line feed. */
const WHITE_SPACE = [0x20, 0x09, 0x0d];
const TIME = String.raw`"timestamp":"(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"`;
const STREAM = String.raw`"stream":"(?<stream>stdout|stderr)"`;
/** Matches what was added in front of an object that a bot printed. */
const OBJECT_HEAD = new RegExp(
  String
    .raw`^\{(?:${STREAM},${TIME}|"berth":\{${STREAM},${TIME}\}|${TIME},"berth":\{${STREAM}\})(?:,|(?=[ \t\r]*\}))`,
);
const RUN = String.raw`"run":"(?<run>[a-zA-Z0-9-]{1,128})"`;
/** Matches what was added in front of an object that a run printed. */
const RUN_OBJECT_HEAD = new RegExp(
  String
    .raw`^\{"berth":\{${RUN}(?:\},${STREAM},${TIME}|,${STREAM},${TIME}\}|,${STREAM}\},${TIME})(?:,|(?=[ \t\r]*\}))`,
);
/** Matches what stands in front of a plain line of a run. */
const RUN_HEAD = new RegExp(String.raw`^\{"berth":\{${RUN}\},(?="timestamp":)`);
const SOURCES: readonly unknown[] = ["stdout", "stderr", "berth"] satisfies LogSource[];
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Writes a line with its line end.
 *
 * @param time When the engine received it, RFC 3339 in UTC.
 * @param pieces Its content, without a line end.
 * @param run Slot of the run that printed it, or id of the backtest; `undefined` for a bot.
 */
export function writeJsonLine(
  output: ByteBuilder,
  source: LogSource,
  time: string,
  pieces: readonly Uint8Array[],
  run?: string,
): void {
  // A character may be split between two pieces.
  const text = wholeOf(pieces);
  if (source !== "berth" && text[0] === OPENING_BRACE && writeObject(output, source, time, text, run)) return;
  output.addAscii("{");
  if (run !== undefined) output.addAscii(`"berth":{"run":"${run}"},`);
  output.addAscii('"timestamp":"');
  output.addAscii(time);
  output.addAscii('","stream":"');
  output.addAscii(source);
  const level = levelOf(text);
  if (level !== undefined) {
    output.addAscii('","level":"');
    output.addAscii(level);
  }
  output.addAscii('","message":"');
  output.addJsonText(text);
  output.addAscii('"}\n');
}

/**
 * Reads a line, of Berth's or of another program that writes `timestamp` and `message`.
 *
 * @param line The line without its line end.
 * @returns The line; `undefined` if it is not a JSON object with a time.
 */
export function parseJsonLine(line: string): StoredLogLine | undefined {
  const head = OBJECT_HEAD.exec(line) ?? RUN_OBJECT_HEAD.exec(line);
  if (head) {
    const { time = "", stream, run } = head.groups!;
    const text = `{${line.slice(head[0].length)}`;
    return { time, stream: stream as LogSource, text, ...(run !== undefined && { run }) };
  }
  const marked = RUN_HEAD.exec(line);
  if (marked) {
    const plain = parsePlainLine(`{${line.slice(marked[0].length)}`);
    return plain && { ...plain, run: marked.groups!.run! };
  }
  return parsePlainLine(line);
}

function parsePlainLine(line: string): StoredLogLine | undefined {
  const { timestamp, stream: source, message } = parseObject(line) ?? {};
  if (typeof timestamp !== "string" || Number.isNaN(Date.parse(timestamp))) return undefined;
  return {
    time: timestamp,
    stream: SOURCES.includes(source) ? source as LogSource : "stdout",
    text: typeof message === "string" ? message : line,
  };
}

/** @returns False if it is not an object, or has all the fields that could be added. */
function writeObject(
  output: ByteBuilder,
  source: LogSource,
  time: string,
  text: Uint8Array,
  run: string | undefined,
): boolean {
  let end = text.length - 1;
  while (WHITE_SPACE.includes(text[end]!)) end--;
  if (text[end] !== CLOSING_BRACE) return false;
  const fields = parseObject(decoder.decode(text));
  if (!fields) return false;
  const hasTime = Object.hasOwn(fields, "timestamp");
  if (run !== undefined) {
    if (Object.hasOwn(fields, "berth")) return false;
    const head = `{"berth":{"run":"${run}"`;
    if (hasTime) output.addAscii(`${head},"stream":"${source}","timestamp":"${time}"}`);
    else if (Object.hasOwn(fields, "stream")) {
      output.addAscii(`${head},"stream":"${source}"},"timestamp":"${time}"`);
    } else output.addAscii(`${head}},"stream":"${source}","timestamp":"${time}"`);
  } else if (!hasTime && !Object.hasOwn(fields, "stream")) {
    output.addAscii(`{"stream":"${source}","timestamp":"${time}"`);
  } else if (Object.hasOwn(fields, "berth")) return false;
  else if (hasTime) output.addAscii(`{"berth":{"stream":"${source}","timestamp":"${time}"}`);
  else output.addAscii(`{"timestamp":"${time}","berth":{"stream":"${source}"}`);
  for (const _ in fields) {
    output.addAscii(",");
    break;
  }
  output.addUtf8(text.subarray(1));
  output.addAscii("\n");
  return true;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
