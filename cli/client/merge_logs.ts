/**
 * Puts the lines of several logs into one order.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import type { LogUpdate } from "./read_logs.ts";

/** An update of one of several logs. */
export interface MergedUpdate {
  /** Index of the log. */
  readonly index: number;
  /** The items that came from it. */
  readonly update: LogUpdate;
}

interface Source {
  readonly index: number;
  readonly updates: AsyncIterator<LogUpdate>;
  /** Its next update, not taken yet. */
  head?: LogUpdate | undefined;
  pending?: Promise<void> | undefined;
  /** Whether others need not wait for it: it has given all lines up to now, or has ended. */
  isLive: boolean;
}

/**
 * Merges logs by the times of their lines. Lines that come while all logs are live are given as they come.
 *
 * @param logs The logs, each in its own order.
 */
export async function* mergeLogs(logs: readonly AsyncIterable<LogUpdate>[]): AsyncGenerator<MergedUpdate> {
  const sources: Source[] = logs.map((log, index) => ({
    index,
    updates: log[Symbol.asyncIterator](),
    isLive: false,
  }));
  const open = new Set(sources);
  const pull = (source: Source) => {
    source.pending = source.updates.next().then(({ done, value }) => {
      source.pending = undefined;
      if (done) open.delete(source);
      else source.head = value;
    });
  };
  try {
    for (const source of open) pull(source);
    while (open.size > 0) {
      const waiting = [...open].filter(({ head }) => !head);
      const remark = [...open].find(({ head }) => head && head.kind !== "line");
      const ready = waiting.every(({ isLive }) => isLive) ? firstOf([...open]) : undefined;
      const next = remark ?? ready;
      if (!next) {
        await Promise.race(waiting.map(({ pending }) => pending));
        continue;
      }
      const update = next.head!;
      next.head = undefined;
      if (update.kind === "live") next.isLive = true;
      if (update.kind === "lost") next.isLive = true;
      yield { index: next.index, update };
      pull(next);
      // Items that have already arrived are compared with the others.
      await Promise.race([next.pending, setImmediate()]);
    }
  } finally {
    await Promise.all(sources.map(({ updates }) => updates.return?.()));
  }
}

/** @returns The source with the earliest line. */
function firstOf(sources: readonly Source[]): Source | undefined {
  let first: { readonly source: Source; readonly time: string } | undefined;
  for (const source of sources) {
    if (source.head?.kind !== "line") continue;
    const time = comparable(source.head.line.time);
    if (!first || time < first.time) first = { source, time };
  }
  return first?.source;
}

/** Times may have any number of digits. */
function comparable(time: string): string {
  return time.replace(/Z$/, "").padEnd("2026-01-31T12:34:56.".length, ".").padEnd(29, "0");
}
