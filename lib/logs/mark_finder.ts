/**
 * Finds in a reading of a log where an earlier one ended.
 *
 * @module
 */

import type { LogEntry } from "../engine/container_orchestrator.ts";
import { checkOf, EntryCounter, type LogMark } from "./log_mark.ts";

/**
 * Lets those entries of a reading pass that come after a mark. Nothing is decided by comparing times: a clock
 * may have been set back. What was given is what stands before the very entry that the mark names.
 */
export class MarkFinder {
  readonly #mark: LogMark;
  readonly #isWhole: boolean;
  readonly #counter = new EntryCounter();
  #isFirst = true;
  #isCut = false;
  #isFound = false;

  /**
   * @param mark The last entry that was given.
   * @param isWhole Whether the reading begins where the log does. Where it begins in the middle, it may begin
   * among the entries of the mark's time, and then they cannot be counted.
   */
  constructor(mark: LogMark, isWhole: boolean) {
    this.#mark = mark;
    this.#isWhole = isWhole;
  }

  /** Whether the mark has passed. */
  get isFound(): boolean {
    return this.#isFound;
  }

  /**
   * Takes the next entries.
   *
   * @param entries Entries in the order of the log.
   * @returns Those after the mark.
   */
  take(entries: readonly LogEntry[]): readonly LogEntry[] {
    if (this.#isFound) return entries;
    const at = entries.findIndex((entry) => this.#isMark(entry));
    if (at === -1) return [];
    this.#isFound = true;
    return entries.slice(at + 1);
  }

  #isMark(entry: LogEntry): boolean {
    const { stream, time, ordinal, check } = this.#mark;
    if (entry.stream !== stream) return false;
    const count = this.#counter.count(entry);
    if (this.#isFirst) this.#isCut = !this.#isWhole && entry.time === time;
    this.#isFirst = false;
    if (entry.time !== time) {
      this.#isCut = false;
      return false;
    }
    return !this.#isCut && count === ordinal && checkOf(entry.content) === check;
  }
}
