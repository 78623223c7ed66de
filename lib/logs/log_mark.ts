/**
 * A place in the log of a container: which of its entries was the last that was taken.
 *
 * @module
 */

import type { LogEntry } from "../engine/container_orchestrator.ts";

/** Names one entry of a container's log. */
export interface LogMark {
  /** Its output. */
  readonly stream: LogEntry["stream"];
  /** Its time, as the engine wrote it. */
  readonly time: string;
  /** Which of the entries of this output with this time it is, from 1: the pieces of a long line share one. */
  readonly ordinal: number;
  /** A check of its content. */
  readonly check: number;
  /** The last entry of the other output before it, where there is one: so that what comes next is counted on. */
  readonly other?: LogPlace;
}

/** Which entry of a known output it is. */
export type LogPlace = Pick<LogMark, "time" | "ordinal">;

/** Counts entries as they pass, so that each can be named. */
export class EntryCounter {
  readonly #seen = { stdout: { time: "", ordinal: 0 }, stderr: { time: "", ordinal: 0 } };

  /**
   * An entry passes.
   *
   * @param entry The entry.
   * @returns Its ordinal.
   */
  count({ stream, time }: LogEntry): number {
    const seen = this.#seen[stream];
    if (seen.time === time) return ++seen.ordinal;
    seen.time = time;
    return seen.ordinal = 1;
  }

  /**
   * The last entry of the other output.
   *
   * @param stream This output.
   * @returns Its place, which goes on with the counting; its time is empty when none has passed.
   */
  other(stream: LogEntry["stream"]): LogPlace {
    return this.#seen[otherOf(stream)];
  }

  /**
   * Names the entry that has passed last.
   *
   * @param entry The entry.
   * @param ordinal What {@linkcode count} gave for it.
   */
  mark(entry: LogEntry, ordinal: number): LogMark {
    return markOf(entry, ordinal, this.other(entry.stream));
  }

  /** Goes on counting after an entry. @param mark Its name. */
  resume({ stream, time, ordinal, other }: LogMark): void {
    Object.assign(this.#seen[stream], { time, ordinal });
    if (other) Object.assign(this.#seen[otherOf(stream)], other);
  }
}

function otherOf(stream: LogEntry["stream"]): LogEntry["stream"] {
  return stream === "stdout" ? "stderr" : "stdout";
}

/**
 * Names an entry.
 *
 * @param entry The entry.
 * @param ordinal What {@linkcode EntryCounter.count} gave for it.
 * @param other The last entry of the other output before it; its time is empty when there is none.
 */
export function markOf({ stream, time, content }: LogEntry, ordinal: number, other: LogPlace): LogMark {
  return {
    stream,
    time,
    ordinal,
    check: checkOf(content),
    ...(other.time !== "" && { other: { ...other } }),
  };
}

/** FNV-1a, 32 bits. */
export function checkOf(content: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content[i]!, 0x01000193);
  return hash >>> 0;
}
