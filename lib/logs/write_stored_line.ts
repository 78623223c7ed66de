/**
 * Writes lines in their stored form as bytes: what `formatStoredLine()` does, for many lines.
 *
 * @module
 */

import type { ByteBuilder } from "./byte_builder.ts";
import { lineHead, type LogSource, SOURCE_MARKS } from "./line_format.ts";

/** `2026-01-31T12:34:56.789Z`, or with more digits. */
const USUAL_TIME_LENGTH = 24;
const MARK_BYTES = Object.values(SOURCE_MARKS).map((mark) => new TextEncoder().encode(mark));

/**
 * Writes a line with its line end.
 *
 * @param output Where to.
 * @param source Where it comes from.
 * @param time When the engine received it, RFC 3339 in UTC.
 * @param pieces Its text, without a line end; whether it begins with a mark is seen from the first piece.
 */
export function writeStoredLine(
  output: ByteBuilder,
  source: LogSource,
  time: string,
  pieces: readonly Uint8Array[],
): void {
  writeHead(output, time);
  if (source !== "stdout" || beginsWithMark(pieces[0]!)) output.addAscii(SOURCE_MARKS[source]);
  for (const piece of pieces) output.add(piece);
  output.addAscii("\n");
}

/** {@linkcode lineHead}, without a text of its own for times as engines write them. */
function writeHead(output: ByteBuilder, time: string): void {
  if (time.length < USUAL_TIME_LENGTH) return output.addAscii(lineHead(time));
  output.addAscii("[");
  output.addAscii(time, 0, 10);
  output.addAscii(" ");
  output.addAscii(time, 11, 23);
  output.addAscii("] ");
}

function beginsWithMark(text: Uint8Array): boolean {
  // `s` and `b`: nearly all lines are done with here.
  if (text[0] !== 0x73 && text[0] !== 0x62) return false;
  return MARK_BYTES.some((mark) => mark.every((byte, i) => text[i] === byte));
}
