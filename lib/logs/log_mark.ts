/**
 * A place in the log of a container: which of its entries was the last that was taken.
 *
 * @module
 */

import type { LogEntry } from "../container_orchestrator.ts";

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
  readonly other?: Pick<LogMark, "time" | "ordinal">;
}

/** Counts entries as they pass, so that each can be named. */
export class EntryCounter {
  readonly #seen = { stdout: { time: "", count: 0 }, stderr: { time: "", count: 0 } };

  /**
   * An entry passes.
   *
   * @param entry The entry.
   * @returns Its ordinal.
   */
  count({ stream, time }: LogEntry): number {
    const seen = this.#seen[stream];
    if (seen.time === time) return ++seen.count;
    seen.time = time;
    return seen.count = 1;
  }

  /**
   * The last entry of the other output.
   *
   * @param stream This output.
   * @returns Its time and ordinal; the time is empty when none has passed.
   */
  other(stream: LogEntry["stream"]): { readonly time: string; readonly count: number } {
    return this.#seen[otherOf(stream)];
  }

  /**
   * Names the entry that has passed last.
   *
   * @param entry The entry.
   * @param ordinal What {@linkcode count} gave for it.
   */
  mark({ stream, time, content }: LogEntry, ordinal: number): LogMark {
    const { time: otherTime, count } = this.other(stream);
    const other = otherTime === "" ? {} : { other: { time: otherTime, ordinal: count } };
    return { stream, time, ordinal, check: checkOf(content), ...other };
  }

  /** Goes on counting after an entry. @param mark Its name. */
  resume({ stream, time, ordinal, other }: LogMark): void {
    Object.assign(this.#seen[stream], { time, count: ordinal });
    if (other) Object.assign(this.#seen[otherOf(stream)], { time: other.time, count: other.ordinal });
  }
}

function otherOf(stream: LogEntry["stream"]): LogEntry["stream"] {
  return stream === "stdout" ? "stderr" : "stdout";
}

/** FNV-1a, 32 bits. */
export function checkOf(content: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content[i]!, 0x01000193);
  return hash >>> 0;
}
