/**
 * Counts the lines that a container prints while they cannot be stored, in case the engine drops them.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry } from "../engine/container_orchestrator.ts";
import { endsLine } from "../engine/line_joiner.ts";
import { checksum, isSameOffset, type LogOffset, OffsetCounter, toOffset } from "../engine/log_offset.ts";
import { readLogAfter, type ReadLogAfterOptions } from "../engine/read_log_after.ts";

/** How many lines the engine has dropped. */
export interface DroppedLines {
  /** The number. */
  readonly lines: number;
  /** Whether it is exact; otherwise there may be more. */
  readonly isExact: boolean;
}

/** An entry that can be recognized, and the number of lines that ended before it. */
interface Milestone extends DroppedLines {
  readonly stream: LogEntry["stream"];
  readonly time: string;
  readonly check: number;
}

/** When there are more milestones than this, every second one is removed. */
const MAX_MILESTONES = 16_384;
const FIRST_SPACING_ENTRIES = 32;

/**
 * Counts from the last stored entry on, again and again, and keeps nothing but numbers. The engine itself keeps no
 * count, so lines that it drops between two counts stay uncounted.
 */
export class DroppedLineCounter {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  readonly #origin: LogOffset;
  readonly #counter: OffsetCounter;
  /** The last counted entry. */
  #offset: LogOffset;
  #lines = 0;
  #isExact = true;
  #milestones: Milestone[] = [];
  #spacing = FIRST_SPACING_ENTRIES;
  #sinceMilestone = 0;

  /** @param origin The last stored entry. */
  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog">,
    container: string,
    origin: LogOffset,
  ) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#origin = this.#offset = origin;
    this.#counter = new OffsetCounter(origin);
  }

  /** Whether it counts from this entry on. */
  isFrom(origin: LogOffset): boolean {
    return isSameOffset(this.#origin, origin);
  }

  /** Counts the lines that were printed since the last count. */
  async count(options: Pick<ReadLogAfterOptions, "expected" | "signal">): Promise<void> {
    const batches = readLogAfter(this.#orchestrator, this.#container, { ...options, after: this.#offset });
    for await (const { entries, isAfterGap } of batches) {
      if (isAfterGap) this.#isExact = false;
      for (const [index, entry] of entries.entries()) this.#take(entry, index === entries.length - 1);
    }
  }

  /**
   * Describes how many lines the engine has dropped.
   *
   * @param entries The first entries that the engine still has after the last stored one.
   * @returns `undefined` if they were not counted.
   */
  droppedBefore(entries: readonly LogEntry[]): DroppedLines | undefined {
    const last = this.#milestones.at(-1);
    const first = entries[0];
    if (!last || !first) return undefined;
    const known = new Map(
      this.#milestones.map((milestone) => [milestone.stream + milestone.time, milestone]),
    );
    // The first entry may share the time of entries that were dropped.
    const seen = { stdout: first.time, stderr: first.time };
    let ends = 0;
    for (const { stream, time, content } of entries) {
      const milestone = time === seen[stream] ? undefined : known.get(stream + time);
      if (milestone?.check === checksum(content)) {
        return { lines: milestone.lines - ends, isExact: milestone.isExact };
      }
      seen[stream] = time;
      if (endsLine(content)) ends++;
    }
    return first.time > last.time ? { lines: last.lines, isExact: false } : undefined;
  }

  #take(entry: LogEntry, isLast: boolean): void {
    const { stream, time, content } = entry;
    const ordinal = this.#counter.count(entry);
    this.#sinceMilestone++;
    // Only the first entry with a time can be recognized when some of those with this time are dropped.
    if (ordinal === 1 && (isLast || this.#sinceMilestone >= this.#spacing)) {
      const check = checksum(content);
      this.#milestones.push({ stream, time, check, lines: this.#lines, isExact: this.#isExact });
      this.#sinceMilestone = 0;
      if (this.#milestones.length > MAX_MILESTONES) {
        this.#milestones = this.#milestones.filter((_, index) => index % 2 === 0);
        this.#spacing *= 2;
      }
    }
    if (endsLine(content)) this.#lines++;
    if (isLast) this.#offset = toOffset(this.#counter.last!);
  }
}
