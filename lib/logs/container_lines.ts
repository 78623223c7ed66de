/**
 * Reads the lines of a container that are not stored yet.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { decodePieces, endsLine, LineJoiner, wholeOf } from "../engine/line_joiner.ts";
import { type LogOffset, OffsetCounter, toOffset } from "../engine/log_offset.ts";
import { readLogAfter, type ReadLogAfterOptions } from "../engine/read_log_after.ts";
import type { Clock } from "../util/clock.ts";
import type { StoredLogLine } from "./line_format.ts";
import type { LineRedactor } from "./line_redactor.ts";

/** Options of {@linkcode ContainerLines.read}. */
export interface ReadLinesOptions extends Pick<ReadLogAfterOptions, "expected" | "signal"> {
  /** Whether the container has exited: then a line without an end is complete. */
  readonly isFinal: boolean;
}

/** Options of {@linkcode ContainerLines}. */
export interface ContainerLinesOptions {
  /** The last entry that is known. @default {none} */
  readonly after?: LogOffset | undefined;
  /** Slot of the run that it is, or id of the backtest. @default {a bot} */
  readonly run?: string | undefined;
  /** Finds what hides secrets in the lines. @default {nothing is hidden} */
  readonly redactor?: () => Promise<LineRedactor | undefined>;
}

/** Lines are given in groups of about this size; while a line is open, more is held. */
const GROUP_BYTES = 256 * 1024;
const MAX_HELD_BYTES = 4 * 1024 ** 2;

/** Reads what a container prints, again and again, each time from where the last reading ended. */
export class ContainerLines {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  readonly #clock: Clock;
  readonly #run: Pick<StoredLogLine, "run">;
  readonly #findRedactor: ContainerLinesOptions["redactor"];
  #offset: LogOffset | undefined;
  #hasOpenLine = false;

  /**
   * @param orchestrator The engine.
   * @param container The engine's id.
   * @param clock The clock.
   * @param options See {@linkcode ContainerLinesOptions}.
   */
  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog">,
    container: string,
    clock: Clock,
    { after, run, redactor }: ContainerLinesOptions = {},
  ) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#clock = clock;
    this.#offset = after;
    this.#findRedactor = redactor;
    this.#run = run === undefined ? {} : { run };
  }

  /** Whether a line has begun and not ended; after some time it counts as complete. */
  get hasOpenLine(): boolean {
    return this.#hasOpenLine;
  }

  /** Reads what was printed since the last reading. @param options See {@linkcode ReadLinesOptions}. */
  async *read({ isFinal, ...options }: ReadLinesOptions): AsyncGenerator<StoredLogLine> {
    const after = this.#offset;
    const startedAt = this.#clock.now();
    const counter = new OffsetCounter(after);
    const lines: StoredLogLine[] = [];
    const redactor = await this.#findRedactor?.();
    const joiner = new LineJoiner((stream, time, pieces) => {
      const shown = redactor ? [redactor.redactLine(wholeOf(pieces))] : pieces;
      lines.push({ time, stream, text: decodePieces(shown), ...this.#run });
    });
    /** Up to where everything is complete while a line is open. */
    let complete = { last: counter.last, lines: 0 };
    let heldBytes = 0;
    const batches = readLogAfter(this.#orchestrator, this.#container, { ...options, after });
    for await (const { entries, isAfterGap } of batches) {
      const { time } = entries[0]!;
      if (isAfterGap) {
        lines.push({
          time,
          stream: "berth",
          text: `lines printed between ${after!.time} and ${time} are lost`,
          ...this.#run,
        });
      }
      for (const entry of entries) {
        if (!joiner.hasOpenLine && !endsLine(entry.content)) {
          const { last } = counter;
          // A gap is reported again together with the line after it.
          complete = { last, lines: last ? lines.length : 0 };
        }
        joiner.push(entry);
        counter.count(entry);
        heldBytes += entry.content.length;
        if (heldBytes < (joiner.hasOpenLine ? MAX_HELD_BYTES : GROUP_BYTES)) continue;
        joiner.closeLines();
        this.#offset = toOffset(counter.last!);
        yield* lines.splice(0);
        heldBytes = 0;
      }
    }
    if (isFinal || joiner.isOverdue(startedAt)) joiner.closeLines();
    this.#hasOpenLine = joiner.hasOpenLine;
    const end = joiner.hasOpenLine ? complete : { last: counter.last, lines: lines.length };
    if (end.last) this.#offset = toOffset(end.last);
    yield* lines.slice(0, end.lines);
  }
}
