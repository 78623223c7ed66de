/**
 * The lines of a container from a mark on, as they stand or will stand in the stored log.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LineAssembler } from "./line_assembler.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import type { LogMark } from "./log_mark.ts";
import { readSpool } from "./log_spool.ts";
import { OPEN_LINE_MS } from "./log_transfer.ts";

/** So much is given at once of a log that is long; so much is held while a line waits for its end. */
const PIECE_BYTES = 256 * 1024;
const MAX_HELD_BYTES = 4 * 1024 ** 2;

/** Reads what a container prints, again and again, each time from where it was left. */
export class ContainerLines {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  #mark: LogMark | undefined;
  #hasOpenLine = false;

  /** @param orchestrator The engine. @param container The engine's id. @param after The last entry that is known. */
  constructor(orchestrator: Pick<ContainerOrchestrator, "readLog">, container: string, after?: LogMark) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#mark = after;
  }

  /** Whether a line waits for its end: it is a line, too, when that has not come after some time. */
  get hasOpenLine(): boolean {
    return this.#hasOpenLine;
  }

  /**
   * Reads what was printed since the last time.
   *
   * @param options Whether the container has exited, how many entries are expected, and what gives up.
   * @returns The lines.
   */
  async *read(
    { isFinal, expected, signal }: {
      readonly isFinal: boolean;
      readonly expected?: number;
      readonly signal?: AbortSignal;
    },
  ): AsyncGenerator<StoredLogLine> {
    const after = this.#mark;
    const startedAt = Date.now();
    using assembler = new LineAssembler({ ...(after && { after }) });
    const pieces = readSpool(this.#orchestrator, this.#container, {
      ...(after && { after }),
      ...(expected !== undefined && { expected }),
      ...(signal && { signal }),
    });
    for await (const { entries, isAfterGap } of pieces) {
      const { time } = entries[0]!;
      if (isAfterGap) assembler.note(time, `lines printed between ${after!.time} and ${time} are lost`);
      for (const entry of entries) {
        assembler.push(entry);
        if (assembler.bytes < (assembler.hasOpenLine ? MAX_HELD_BYTES : PIECE_BYTES)) continue;
        yield* this.#take(assembler, true);
      }
    }
    const { openSince } = assembler;
    const isOld = openSince !== undefined && startedAt - Date.parse(openSince) > OPEN_LINE_MS;
    const closeLines = isFinal || isOld;
    this.#hasOpenLine = openSince !== undefined && !closeLines;
    yield* this.#take(assembler, closeLines);
  }

  *#take(assembler: LineAssembler, closeLines: boolean): Generator<StoredLogLine> {
    const decoder = new TextDecoder();
    for (const segment of assembler.take({ closeLines })) {
      this.#mark = segment.mark;
      const texts = decoder.decode(segment.bytes).split("\n").slice(0, -1);
      assembler.recycle(segment);
      for (const text of texts) yield parseStoredLine(text)!;
    }
  }
}
