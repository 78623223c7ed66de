/**
 * Counts what a container prints while it cannot be stored: if the engine drops it, the log says how much that was.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry } from "../engine/container_orchestrator.ts";
import { checkOf, EntryCounter, type LogMark } from "./log_mark.ts";
import { readSpool } from "./log_spool.ts";

/** How many lines were lost. */
export interface LineLoss {
  /** So many lines. */
  readonly lines: number;
  /** Whether there were no more. */
  readonly isExact: boolean;
}

/** An entry that is known again, and how many lines ended before it. */
interface Milestone extends LineLoss {
  readonly stream: LogEntry["stream"];
  readonly time: string;
  readonly check: number;
}

const NEWLINE = 0x0a;
/** So many milestones are kept; one more, and every second is forgotten. */
const MAX_MILESTONES = 16_384;
const FIRST_SPACING = 32;

/**
 * Goes on from the last entry that is stored and counts, again and again, and holds nothing but numbers. The engine itself
 * keeps no count: what it has dropped between two counts is known to nobody.
 */
export class LossCounter {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  #counter = new EntryCounter();
  #origin: LogMark | undefined;
  #mark: LogMark | undefined;
  #lines = 0;
  #isExact = true;
  #milestones: Milestone[] = [];
  #spacing = FIRST_SPACING;
  #sinceMilestone = 0;

  /** @param orchestrator The engine. @param container The engine's id. */
  constructor(orchestrator: Pick<ContainerOrchestrator, "readLog">, container: string) {
    this.#orchestrator = orchestrator;
    this.#container = container;
  }

  /**
   * Counts what was printed since the last time.
   *
   * @param origin The last entry that is stored; another than the last time begins the count anew.
   * @param options How many entries are expected, and what gives up.
   */
  async count(
    origin: LogMark,
    { expected, signal }: { readonly expected?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (!this.#isFrom(origin)) this.#begin(origin);
    const pieces = readSpool(this.#orchestrator, this.#container, {
      after: this.#mark!,
      ...(expected !== undefined && { expected }),
      ...(signal && { signal }),
    });
    for await (const { entries, isAfterGap } of pieces) {
      if (isAfterGap) this.#isExact = false;
      for (const [index, entry] of entries.entries()) this.#take(entry, index === entries.length - 1);
    }
  }

  /**
   * How many lines the engine has dropped.
   *
   * @param origin The last entry that is stored.
   * @param entries The first that are there after it.
   * @returns `undefined` when nobody knows.
   */
  lostBefore(origin: LogMark, entries: readonly LogEntry[]): LineLoss | undefined {
    const last = this.#milestones.at(-1);
    const first = entries[0];
    if (!this.#isFrom(origin) || !last || !first) return undefined;
    const known = new Map(
      this.#milestones.map((milestone) => [milestone.stream + milestone.time, milestone]),
    );
    // The first of them may be the rest of more with the same time.
    const seen = { stdout: first.time, stderr: first.time };
    let ends = 0;
    for (const entry of entries) {
      const { stream, time, content } = entry;
      const milestone = time === seen[stream] ? undefined : known.get(stream + time);
      if (milestone?.check === checkOf(content)) {
        return { lines: milestone.lines - ends, isExact: milestone.isExact };
      }
      seen[stream] = time;
      if (isLineEnd(entry)) ends++;
    }
    return first.time > last.time ? { lines: last.lines, isExact: false } : undefined;
  }

  /** Forgets what was counted: it is stored. */
  reset(): void {
    this.#origin = undefined;
    this.#milestones = [];
  }

  #begin(origin: LogMark): void {
    this.#origin = origin;
    this.#mark = origin;
    this.#counter = new EntryCounter();
    this.#counter.resume(origin);
    this.#lines = 0;
    this.#isExact = true;
    this.#milestones = [];
    this.#spacing = FIRST_SPACING;
    this.#sinceMilestone = 0;
  }

  #take(entry: LogEntry, isLast: boolean): void {
    const { stream, time, content } = entry;
    const ordinal = this.#counter.count(entry);
    this.#sinceMilestone++;
    // Entries of the same time cannot be told apart by whoever sees only the last of them.
    if (ordinal === 1 && (isLast || this.#sinceMilestone >= this.#spacing)) {
      const check = checkOf(content);
      this.#milestones.push({ stream, time, check, lines: this.#lines, isExact: this.#isExact });
      this.#sinceMilestone = 0;
      if (this.#milestones.length > MAX_MILESTONES) {
        this.#milestones = this.#milestones.filter((_, index) => index % 2 === 0);
        this.#spacing *= 2;
      }
    }
    if (isLineEnd(entry)) this.#lines++;
    if (isLast) this.#mark = this.#counter.mark(entry, ordinal);
  }

  #isFrom(origin: LogMark): boolean {
    const own = this.#origin;
    return own !== undefined && own.stream === origin.stream && own.time === origin.time &&
      own.ordinal === origin.ordinal && own.check === origin.check;
  }
}

function isLineEnd({ content }: LogEntry): boolean {
  return content[content.length - 1] === NEWLINE;
}
