/**
 * The lines of one container.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry, LogLine } from "../engine/container_orchestrator.ts";
import { decodePieces, endsLine, LineJoiner, wholeOf } from "../engine/line_joiner.ts";
import { type LogOffset, OffsetCounter, toOffset } from "../engine/log_offset.ts";
import { readLogAfter, type ReadLogAfterOptions } from "../engine/read_log_after.ts";
import type { StoredLogLine } from "./line_format.ts";
import type { LineRedactor } from "./line_redactor.ts";

/** Options of {@linkcode ContainerLines}. */
export interface ContainerLinesOptions {
  /** The last entry that is known. @default {none} */
  readonly after?: LogOffset | undefined;
  /** Slot of the run that it is, or id of the backtest. @default {a bot} */
  readonly run?: string | undefined;
  /** Finds the redactor, which hides secrets in the lines. @default {nothing is hidden} */
  readonly redactor?: () => Promise<LineRedactor | undefined>;
}

/** Options of {@linkcode ContainerLines.read}. */
export interface ReadLinesOptions extends Pick<ReadLogAfterOptions, "expected" | "signal"> {
  /** Whether the container has exited: then a line without an end is complete. @default {false} */
  readonly isFinal?: boolean;
  /** The time, in ms since 1970: a line that is overdue then is complete, too. @default {no line is overdue} */
  readonly nowMs?: number;
}

/** A line that a container has printed. */
export type PrintedLine = LogLine & Pick<StoredLogLine, "run">;

/** Gives what a container prints line by line, each line once. A line that has not ended is kept until its end comes. */
export class ContainerLines {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  readonly #options: ContainerLinesOptions;
  readonly #counter: OffsetCounter;
  readonly #joiner: LineJoiner;
  /** Whether the last entry of each stream ends within a line. */
  readonly #isOpen = { stdout: false, stderr: false };
  #ended: PrintedLine[] = [];
  #redactor: LineRedactor | undefined;

  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog">,
    container: string,
    options: ContainerLinesOptions = {},
  ) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#options = options;
    this.#counter = new OffsetCounter(options.after);
    const run = options.run === undefined ? {} : { run: options.run };
    this.#joiner = new LineJoiner((stream, time, pieces) => {
      const shown = this.#redactor ? [this.#redactor.redactLine(wholeOf(pieces))] : pieces;
      this.#ended.push({ time, stream, text: decodePieces(shown), ...run });
    });
  }

  /** The last entry; `undefined` if none is known. */
  get offset(): LogOffset | undefined {
    const { last } = this.#counter;
    return last ? toOffset(last) : this.#options.after;
  }

  /** Whether a line has begun and not ended. */
  get hasOpenLine(): boolean {
    return this.#joiner.hasOpenLine;
  }

  /** Finds anew what hides secrets; {@linkcode read} does, too. */
  async renewRedactor(): Promise<void> {
    this.#redactor = await this.#options.redactor?.();
  }

  /** Reads the lines after the last entry, and a line of Berth's own where the engine has dropped some. */
  async *read({ isFinal = false, nowMs, ...options }: ReadLinesOptions): AsyncGenerator<StoredLogLine> {
    await this.renewRedactor();
    const after = this.offset;
    const batches = readLogAfter(this.#orchestrator, this.#container, { ...options, after });
    for await (const { entries, isAfterGap } of batches) {
      if (isAfterGap) {
        // The stored log does not have the beginning of a line whose end was dropped either.
        this.#joiner.dropLines();
        yield this.#gap(after!.time, entries[0]!.time);
      }
      for (const entry of entries) this.#add(entry);
      yield* this.#ended.splice(0);
    }
    if (isFinal || (nowMs !== undefined && this.#joiner.isOverdue(nowMs))) yield* this.endLines();
  }

  /** Takes the next entry. @returns The lines that it ends. */
  take(entry: LogEntry): readonly PrintedLine[] {
    this.#add(entry);
    return this.#ended.splice(0);
  }

  /** Passes over the next entry: its line is not wanted. */
  skip(entry: LogEntry): void {
    this.#counter.count(entry);
    this.#isOpen[entry.stream] = !endsLine(entry.content);
  }

  /**
   * Whether an entry certainly comes after the last one of its stream, by its time, which the pieces of a line share.
   */
  isNext({ stream, time }: LogEntry): boolean {
    const lastTime = this.#counter.lastTimeOf(stream);
    return time > lastTime || (time === lastTime && this.#isOpen[stream]);
  }

  /** Ends the lines that have not ended. @returns These lines. */
  endLines(): readonly PrintedLine[] {
    this.#joiner.endLines();
    return this.#ended.splice(0);
  }

  #add(entry: LogEntry): void {
    this.skip(entry);
    this.#joiner.push(entry);
  }

  #gap(from: string, to: string): StoredLogLine {
    const { run } = this.#options;
    const text = `lines printed between ${from} and ${to} are lost`;
    return { time: to, stream: "berth", text, ...(run !== undefined && { run }) };
  }
}
