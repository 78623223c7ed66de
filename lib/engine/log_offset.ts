/**
 * An offset in a container's log: the entry that was read last.
 *
 * @module
 */

import type { LogEntry } from "./container_orchestrator.ts";

/** Identifies one entry of a container's log. */
export interface LogOffset {
  /** The stream it was printed on. */
  readonly stream: LogEntry["stream"];
  /** Its time, as the engine wrote it. */
  readonly time: string;
  /** Its position among the entries of this stream with this time, from 1: pieces of a long line share a time. */
  readonly ordinal: number;
  /** Checksum of its content. */
  readonly check: number;
  /** The last entry of the other stream before it, if any: the ordinals of that stream continue from there. */
  readonly other?: StreamPosition;
}

/** An entry of a known stream. */
export type StreamPosition = Pick<LogOffset, "time" | "ordinal">;

/** An entry that has passed. {@linkcode toOffset} reads its content and turns it into an offset. */
export interface PassedEntry {
  /** The entry. */
  readonly entry: LogEntry;
  /** Its position among the entries of its stream with its time. */
  readonly ordinal: number;
  /** The last entry of the other stream; its time is empty if there was none. */
  readonly other: StreamPosition;
}

/** Counts entries as they pass, so that each of them has an offset. */
export class OffsetCounter {
  readonly #seen = { stdout: { time: "", ordinal: 0 }, stderr: { time: "", ordinal: 0 } };
  #last: LogEntry | undefined;

  /** @param after The entry before the first one that passes. */
  constructor(after?: LogOffset) {
    if (!after) return;
    const { stream, time, ordinal, other } = after;
    Object.assign(this.#seen[stream], { time, ordinal });
    if (other) Object.assign(this.#seen[otherOf(stream)], other);
  }

  /** Counts the next entry. */
  count(entry: LogEntry): number {
    this.#last = entry;
    const seen = this.#seen[entry.stream];
    if (seen.time === entry.time) return ++seen.ordinal;
    seen.time = entry.time;
    return seen.ordinal = 1;
  }

  /** The entry that was counted last; `undefined` before the first. */
  get last(): PassedEntry | undefined {
    const entry = this.#last;
    if (!entry) return undefined;
    const { ordinal } = this.#seen[entry.stream];
    return { entry, ordinal, other: { ...this.#seen[otherOf(entry.stream)] } };
  }

  /** Time of the last entry of a stream; empty if there was none. */
  lastTimeOf(stream: LogEntry["stream"]): string {
    return this.#seen[stream].time;
  }
}

/**
 * Makes the offset of an entry.
 *
 * @param passed The entry, as {@linkcode OffsetCounter} has counted it.
 */
export function toOffset({ entry: { stream, time, content }, ordinal, other }: PassedEntry): LogOffset {
  return { stream, time, ordinal, check: checksum(content), ...(other.time !== "" && { other }) };
}

/** Whether two offsets are of the same entry. */
export function isSameOffset(one: LogOffset, other: LogOffset): boolean {
  return one.stream === other.stream && one.time === other.time && one.ordinal === other.ordinal &&
    one.check === other.check;
}

/** FNV-1a, 32 bits. @param content The bytes. */
export function checksum(content: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content[i]!, 0x01000193);
  return hash >>> 0;
}

function otherOf(stream: LogEntry["stream"]): LogEntry["stream"] {
  return stream === "stdout" ? "stderr" : "stdout";
}
