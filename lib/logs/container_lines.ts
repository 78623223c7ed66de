/**
 * The lines of a container from a mark on, as they stand or will stand in the stored log.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../container_orchestrator.ts";
import { LineAssembler } from "./line_assembler.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import type { LogMark } from "./log_mark.ts";
import { readSpool } from "./log_spool.ts";

/** So much is given at once of a log that is long. */
const PIECE_BYTES = 256 * 1024;

/** Reads what a container prints, again and again, each time from where it was left. */
export class ContainerLines {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  #mark: LogMark | undefined;

  /** @param orchestrator The engine. @param container The engine's id. @param after The last entry that is known. */
  constructor(orchestrator: Pick<ContainerOrchestrator, "readLog">, container: string, after?: LogMark) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#mark = after;
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
    using assembler = new LineAssembler({ ...(after && { after }) });
    const pieces = readSpool(this.#orchestrator, this.#container, {
      ...(after && { after }),
      ...(expected !== undefined && { expected }),
      ...(signal && { signal }),
    });
    for await (const { entries, isAfterGap } of pieces) {
      const { time } = entries[0]!;
      if (isAfterGap) assembler.note(time, `lines printed between ${after!.time} and ${time} are lost`);
      for (const entry of entries) assembler.push(entry);
      if (assembler.bytes > PIECE_BYTES) yield* this.#take(assembler, true);
    }
    yield* this.#take(assembler, isFinal);
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
