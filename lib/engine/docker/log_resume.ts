/**
 * Where a log was left, so that reading can go on from there without a gap or a repeat.
 *
 * @module
 */

import type { LogLine } from "../container_orchestrator.ts";

interface Position {
  /** Time of the last line of this stream. */
  readonly time: string;
  /** How many lines of this stream had that time. */
  readonly count: number;
}

/** Times of the two streams of one container may be this far out of order in its log. */
const DISORDER_MS = 1000;

/**
 * Remembers which lines were given. Within one stream the engine's times never go back; between the two they
 * may, a little. So each stream has a position of its own.
 */
export class LogResume {
  readonly #positions = new Map<LogLine["stream"], Position>();
  #skipped = new Map<LogLine["stream"], number>();

  /**
   * A line was given.
   *
   * @param line The line.
   */
  note({ stream, time }: LogLine): void {
    const before = this.#positions.get(stream);
    this.#positions.set(stream, { time, count: before?.time === time ? before.count + 1 : 1 });
  }

  /** From when to read on: a little before the last line. `undefined` when no line was given. */
  get since(): Date | undefined {
    const times = [...this.#positions.values()].map(({ time }) => Date.parse(time));
    return times.length > 0 ? new Date(Math.min(...times) - DISORDER_MS) : undefined;
  }

  /**
   * Whether a line of the second reading was given in the first. Ask in the order of the log, and for each
   * line once.
   *
   * @param line The line.
   */
  isKnown({ stream, time }: LogLine): boolean {
    const position = this.#positions.get(stream);
    if (!position || time > position.time) return false;
    if (time < position.time) return true;
    const skipped = this.#skipped.get(stream) ?? 0;
    this.#skipped.set(stream, skipped + 1);
    return skipped < position.count;
  }
}
