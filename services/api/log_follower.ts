/**
 * Follows a log for one client.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { LogCursor } from "../../lib/logs/log_cursor.ts";
import type { LineMatcher } from "../../lib/logs/line_matcher.ts";
import type { ReadLogsOptions } from "../../lib/logs/log_reader.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { LiveLine, LiveLog } from "./live_log.ts";
import { encodeLine, encodeProblem, HEARTBEAT, LIVE, RETRY_AFTER } from "./log_events.ts";
import { matchingLines } from "./matching_lines.ts";
import { problemOf } from "./problem_response.ts";

/** The log to follow. */
export interface FollowLogOptions {
  /** Id of the bot. */
  readonly id: string;
  /** Where new lines come from. */
  readonly live: LiveLog;
  /** Where earlier lines come from. */
  readonly runner: Pick<Runner, "readLogs">;
  /** Which lines to begin with. */
  readonly range: Pick<ReadLogsOptions, "since" | "tail" | "after">;
  /** Selects lines; absent for all. */
  readonly matcher: LineMatcher | undefined;
  /** The clock. */
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const HEARTBEAT_MS = 15_000;

/**
 * Makes the events of a log: earlier lines up to where the shared reader is, then what that reads. A client that is too
 * slow for the kept lines reads earlier ones again, from its last one on.
 *
 * @param options See {@linkcode FollowLogOptions}.
 */
export async function* followLog(options: FollowLogOptions): AsyncGenerator<Uint8Array> {
  const { live, matcher, range: { since, tail }, signal } = options;
  let cursor: LogCursor | undefined = options.range.after;
  let index: number | undefined;
  let isTold = false;
  let isLive = false;
  const history = async function* (upTo: LogCursor | undefined): AsyncGenerator<Uint8Array> {
    const lines = matchingLines({
      ...options,
      range: {
        ...(cursor ? { after: cursor } : { since, tail }),
        signal,
        // Without the reader's place, what is stored is all there is.
        ...(upTo ? { upTo } : { onEngineAway: () => {} }),
      },
    });
    for await (const read of lines) {
      if (!read) continue;
      cursor = read.cursor;
      yield encodeLine(read.line, read.cursor);
    }
    cursor = upTo ?? cursor;
  };
  yield RETRY_AFTER;
  while (!signal.aborted) {
    if (live.failure !== undefined) throw live.failure;
    const { end, problem } = live;
    const lines = index === undefined ? undefined : live.from(index);
    if (lines && lines.length > 0) {
      const bytes = matcher ? eventsMatching(lines, matcher) : live.eventsOf(index!, lines);
      if (bytes.length > 0) yield bytes;
      cursor = lines.at(-1)!.cursor;
      index! += lines.length;
      continue;
    }
    if (!problem) isTold = false;
    if (problem && !isTold) {
      if (!lines) yield* history(undefined);
      isTold = true;
      yield encodeProblem(problemOf(problem).problem);
      continue;
    }
    if (!problem && end && !lines) {
      yield* history(end.cursor);
      index = end.index;
      if (!isLive) yield LIVE;
      isLive = true;
      continue;
    }
    if (!await hasChanged(live, options)) yield HEARTBEAT;
  }
}

function eventsMatching(lines: readonly LiveLine[], matcher: LineMatcher): Uint8Array {
  return Buffer.concat(lines.filter(({ text }) => matcher.matches(text)).map(({ event }) => event));
}

/** @returns False if nothing has changed for a while. */
async function hasChanged(
  live: LiveLog,
  { clock, signal }: Pick<FollowLogOptions, "clock" | "signal">,
): Promise<boolean> {
  const over = new AbortController();
  const abort = () => over.abort();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const beat = clock.sleep(HEARTBEAT_MS, over.signal).then(() => false, () => true);
    return await Promise.race([live.change.then(() => true), beat]);
  } finally {
    signal.removeEventListener("abort", abort);
    over.abort();
  }
}
