/**
 * Reads a container's log from an offset on, exactly.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry, ReadLogOptions } from "./container_orchestrator.ts";
import { checksum, type LogOffset, OffsetCounter } from "./log_offset.ts";

/** Consecutive entries of a log. */
export interface LogBatch {
  /** Entries in the order of the log; at least one. */
  readonly entries: readonly LogEntry[];
  /** Whether the engine has dropped entries between the offset and the first of these. @default {false} */
  readonly isAfterGap?: boolean;
}

/** Options of {@linkcode readLogAfter}. */
export interface ReadLogAfterOptions {
  /** The last entry that is known. @default {none: reads the whole log} */
  readonly after?: LogOffset;
  /** How many new entries to expect. A wrong guess costs time, nothing else. @default {256} */
  readonly expected?: number;
  /** Called when the reader begins (`true`) and ends (`false`) to wait for the engine. */
  readonly onWait?: (isWaiting: boolean) => void;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Size of the first batch after a gap, where there is as much: enough to recognize an entry that was counted. */
const FIRST_AFTER_GAP_ENTRIES = 2048;
const FIRST_AFTER_GAP_BYTES = 512 * 1024;
/** Entries read in addition to the expected ones. */
const MARGIN_ENTRIES = 32;
const WIDENING_FACTOR = 16;

/**
 * Reads the entries after an offset up to the end of the log as it is now: none twice, none left out, in order.
 *
 * A followed log is not exact: when the engine rotates its files, it gives some entries twice, and skips whole files if
 * the reader is slow (docs/decisions/log-follow.md). Filtering by time is not exact either, since a clock may be set
 * back. So this reads the end of the log, as many entries as are expected to be new; if the entry at the offset is not
 * among them, it reads more. If it is not in the whole log, the engine has dropped it.
 *
 * @returns The entries. Reads only as fast as they are taken.
 * @throws {ContainerNotFoundError} If there is no such container.
 */
export async function* readLogAfter(
  orchestrator: Pick<ContainerOrchestrator, "readLog">,
  container: string,
  { after, expected = 256, onWait, signal }: ReadLogAfterOptions = {},
): AsyncGenerator<LogBatch> {
  const read = (options: ReadLogOptions) =>
    reportWaits(orchestrator.readLog(container, { ...options, signal }), onWait);
  if (!after) {
    for await (const entries of read({})) yield { entries };
    return;
  }
  const first = expected + MARGIN_ENTRIES;
  for (const tail of [first, first * WIDENING_FACTOR, undefined]) {
    const finder = new OffsetFinder(after, tail === undefined);
    // For a log that turns out to have fewer entries: then they are all of it.
    const wholeFinder = tail === undefined ? undefined : new OffsetFinder(after, true);
    const held: LogEntry[] = [];
    let count = 0;
    for await (const batch of read(tail === undefined ? {} : { tail })) {
      count += batch.length;
      const entries = finder.entriesAfter(batch);
      if (entries.length > 0) yield { entries };
      if (wholeFinder && !finder.isFound) held.push(...wholeFinder.entriesAfter(batch));
    }
    if (finder.isFound) return;
    if (wholeFinder?.isFound && count < tail!) {
      if (held.length > 0) yield { entries: held };
      return;
    }
    // An empty log does not tell whether the engine has dropped anything.
    if (tail === undefined && count === 0) return;
  }
  yield* markGap(read({}));
}

/** Marks the first batch, which is filled up to the size that makes counted entries recognizable. */
async function* markGap(log: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<LogBatch> {
  let held: LogEntry[] | undefined = [];
  let bytes = 0;
  for await (const entries of log) {
    if (!held) {
      yield { entries };
      continue;
    }
    held.push(...entries);
    for (const { content } of entries) bytes += content.length;
    if (held.length < FIRST_AFTER_GAP_ENTRIES && bytes < FIRST_AFTER_GAP_BYTES) continue;
    yield { entries: held, isAfterGap: true };
    held = undefined;
  }
  if (held && held.length > 0) yield { entries: held, isAfterGap: true };
}

async function* reportWaits<T>(
  items: AsyncIterable<T>,
  onWait?: (isWaiting: boolean) => void,
): AsyncGenerator<T> {
  try {
    onWait?.(true);
    for await (const item of items) {
      onWait?.(false);
      yield item;
      onWait?.(true);
    }
  } finally {
    onWait?.(false);
  }
}

/** Finds the entry at an offset by its position and content, not by comparing times. */
export class OffsetFinder {
  readonly #offset: LogOffset;
  readonly #isWhole: boolean;
  readonly #counter = new OffsetCounter();
  #isFirst = true;
  #isAmongFirst = false;
  #isFound = false;

  /**
   * @param isWhole Whether the reading begins where the log does. If not, its first entry may share the time of earlier
   * ones, so that those with this time have no known ordinal.
   */
  constructor(offset: LogOffset, isWhole: boolean) {
    this.#offset = offset;
    this.#isWhole = isWhole;
  }

  /** Whether the entry has passed. */
  get isFound(): boolean {
    return this.#isFound;
  }

  /** Takes the next entries. @returns Those of them after the offset. */
  entriesAfter(entries: readonly LogEntry[]): readonly LogEntry[] {
    if (this.#isFound) return entries;
    const at = entries.findIndex((entry) => this.#isAtOffset(entry));
    if (at === -1) return [];
    this.#isFound = true;
    return entries.slice(at + 1);
  }

  #isAtOffset(entry: LogEntry): boolean {
    const { stream, time, ordinal, check } = this.#offset;
    if (entry.stream !== stream) return false;
    const count = this.#counter.count(entry);
    if (this.#isFirst) this.#isAmongFirst = !this.#isWhole && entry.time === time;
    this.#isFirst = false;
    if (entry.time !== time) {
      this.#isAmongFirst = false;
      return false;
    }
    return !this.#isAmongFirst && count === ordinal && checksum(entry.content) === check;
  }
}
