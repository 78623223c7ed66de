/**
 * What a container has printed since a mark, read from the engine's own files.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry } from "../engine/container_orchestrator.ts";
import type { LogMark } from "./log_mark.ts";
import { MarkFinder } from "./mark_finder.ts";

/** A piece of what was read. */
export interface SpoolPiece {
  /** Entries in the order of the log. */
  readonly entries: readonly LogEntry[];
  /** Set when the engine has dropped entries between the mark and the first of these. */
  readonly isAfterGap?: boolean;
}

/** Options of {@linkcode readSpool}. */
export interface ReadSpoolOptions {
  /** The last entry that was given; absent: everything is given. */
  readonly after?: LogMark;
  /** How many entries are expected. A wrong guess costs time, nothing else. @default {256} */
  readonly expected?: number;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** The first piece after a gap has so many entries at least, where there are as many: by them it is known what was lost. */
const LOOK_AHEAD = 2048;
const LOOK_AHEAD_BYTES = 512 * 1024;
const MARGIN = 32;
const WIDER = 16;

/**
 * Reads what a container has printed up to now, exactly: no entry twice, none left out, in the order of the log.
 *
 * Only logs that are read once and not followed have that: engines give some entries of a followed log twice
 * when its files are rotated, and whole files not at all when it is read slower than it is written. Nor is the
 * engine asked for lines since a time: a clock may have been set back. The end of the log is read, as much as is expected to be
 * new; if it does not begin before the mark, more; if the mark is not in all that there is, the engine has
 * dropped what came after it.
 *
 * @param orchestrator The engine.
 * @param container Id of the container.
 * @param options See {@linkcode ReadSpoolOptions}.
 * @returns The entries. Nothing is read while nobody asks for more.
 * @throws {ContainerNotFoundError} If there is no such container.
 */
export async function* readSpool(
  orchestrator: Pick<ContainerOrchestrator, "readLog">,
  container: string,
  options: ReadSpoolOptions = {},
): AsyncGenerator<SpoolPiece> {
  const { after, expected = 256, signal } = options;
  const base = { ...(signal && { signal }) };
  if (!after) {
    for await (const entries of orchestrator.readLog(container, base)) yield { entries };
    return;
  }
  const first = expected + MARGIN;
  for (const tail of [first, first * WIDER, undefined]) {
    const finder = new MarkFinder(after, tail === undefined);
    let count = 0;
    const reading = orchestrator.readLog(container, { ...base, ...(tail !== undefined && { tail }) });
    for await (const batch of reading) {
      count += batch.length;
      const entries = finder.take(batch);
      if (entries.length > 0) yield { entries };
    }
    if (finder.isFound) return;
    // A log that is empty now says nothing of what was in it.
    if (tail === undefined && count === 0) return;
  }
  let held: LogEntry[] | undefined = [];
  let bytes = 0;
  for await (const entries of orchestrator.readLog(container, base)) {
    if (!held) {
      yield { entries };
      continue;
    }
    held.push(...entries);
    for (const { content } of entries) bytes += content.length;
    if (held.length < LOOK_AHEAD && bytes < LOOK_AHEAD_BYTES) continue;
    yield { entries: held, isAfterGap: true };
    held = undefined;
  }
  if (held && held.length > 0) yield { entries: held, isAfterGap: true };
}
