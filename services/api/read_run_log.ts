/**
 * Reads the log of one run or backtest, and follows it to its end.
 *
 * @module
 */

import { LastLines } from "../../lib/logs/last_lines.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import type { PlacedLogLine } from "../../lib/logs/log_position.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";

/** The run to read. */
export interface RunLogSource {
  /** Id of the bot or schedule. */
  readonly id: string;
  /** Slots of the attempts, or the id of the backtest. */
  readonly slots: readonly string[];
  /** A time before its first line. */
  readonly since: Date;
  /** A time after its last line, if it has ended. */
  readonly until?: Date;
}

/** Options of {@linkcode readRunLog}. */
export interface ReadRunLogOptions {
  /** Only the last lines, at most this many. @default all */
  readonly tail?: number | undefined;
  /** Tells whether the run has ended. If given, the reading goes on until then. */
  readonly isOver?: (signal: AbortSignal) => Promise<boolean>;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** How often to look whether a followed run has ended, in ms. */
const POLL_MS = 500;

/**
 * Reads the lines of a run, and of no other.
 *
 * @param parts The containers, and a clock.
 * @param source The source of the lines.
 * @param options Which lines, and how long to go on.
 * @returns The lines, the oldest first.
 */
export async function* readRunLog(
  { runner, clock }: { readonly runner: Pick<Runner, "readLogs">; readonly clock: Clock },
  { id, ...which }: RunLogSource,
  { tail, isOver, signal }: ReadRunLogOptions,
): AsyncGenerator<StoredLogLine> {
  // The lines of a run that has ended are stored, so the engine need not answer.
  const stored = which.until && { onEngineAway: () => {} };
  const read = (more: { tail?: number; follow?: boolean; signal: AbortSignal }) =>
    withoutPositions(runner.readLogs(id, { ...which, ...stored, ...more }));
  if (!isOver) return yield* read({ signal, ...(tail !== undefined && { tail }) });
  // All lines of a run have one order, so their number tells where to go on.
  let count = 0;
  if (tail !== undefined) {
    const last = new LastLines<StoredLogLine>({ tail });
    for await (const line of read({ signal })) {
      count++;
      last.add(line);
    }
    yield* last.lines;
  }
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let failure: unknown;
  const watching = (async () => {
    while (!either.aborted && !await isOver(either)) await clock.sleep(POLL_MS, either);
  })().catch((error) => failure = error).finally(() => over.abort());
  try {
    let seen = 0;
    for await (const line of read({ follow: true, signal: either })) {
      if (++seen <= count) continue;
      count = seen;
      yield line;
    }
  } finally {
    over.abort();
    await watching;
  }
  if (signal.aborted) return;
  if (failure) throw failure;
  // A container that was removed quickly may have printed more: by now it is stored.
  let seen = 0;
  for await (const line of read({ signal })) if (++seen > count) yield line;
}

async function* withoutPositions(lines: AsyncIterable<PlacedLogLine>): AsyncGenerator<StoredLogLine> {
  for await (const { position: _, ...line } of lines) yield line;
}
