/**
 * Reads the lines of a log that match a pattern.
 *
 * @module
 */

import { LastLines } from "../../lib/logs/last_lines.ts";
import { LogCursor } from "../../lib/logs/log_cursor.ts";
import type { LineMatcher } from "../../lib/logs/line_matcher.ts";
import type { PlacedLogLine } from "../../lib/logs/log_position.ts";
import type { ReadLogsOptions } from "../../lib/logs/log_reader.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { filterLines } from "./filter_lines.ts";

/** A line with the cursor after it. */
export interface ReadLine {
  /** The line without its line end. */
  readonly text: string;
  /** The line. */
  readonly line: PlacedLogLine;
  /** The cursor after it. */
  readonly cursor: LogCursor;
}

/** The lines to read. */
export interface MatchingLinesOptions {
  /** The log. */
  readonly runner: Pick<Runner, "readLogs">;
  /** Id of the bot. */
  readonly id: string;
  /** Which lines; a `tail` counts those that match. */
  readonly range: ReadLogsOptions;
  /** Decides which lines match; absent for all. */
  readonly matcher: LineMatcher | undefined;
}

/**
 * Reads lines.
 *
 * @param options See {@linkcode MatchingLinesOptions}.
 * @returns The lines, and `undefined` now and then, while others get their turn.
 */
export async function* matchingLines(
  { runner, id, range, matcher }: MatchingLinesOptions,
): AsyncGenerator<ReadLine | undefined> {
  const tail = matcher ? range.tail : undefined;
  const { tail: _, ...whole } = range;
  const lines = runner.readLogs(id, tail === undefined ? range : whole);
  const matching = filterLines(withCursors(lines, range.after), matcher);
  if (tail === undefined) return yield* matching;
  const last = new LastLines<ReadLine>({ tail });
  for await (const line of matching) {
    if (line) last.add(line);
    else yield undefined;
  }
  yield* last.lines;
}

async function* withCursors(
  lines: AsyncIterable<PlacedLogLine>,
  after: LogCursor | undefined,
): AsyncGenerator<ReadLine> {
  let cursor = after ?? LogCursor.BEGIN;
  for await (const line of lines) {
    cursor = cursor.after(line);
    yield { text: line.text, line, cursor };
  }
}
