/**
 * Brings what a container has printed into its bot's stored log.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LogOffset } from "../engine/log_offset.ts";
import { readLogAfter } from "../engine/read_log_after.ts";
import { LineAssembler, type LogSegment } from "./line_assembler.ts";
import type { LogFormat } from "./line_format.ts";
import type { LogArchive } from "./log_archive.ts";
import { type LogCheckpoint, shortContainerId } from "./log_checkpoints.ts";
import { DroppedLineCounter, type DroppedLines } from "./dropped_line_counter.ts";
import { spoolBytes } from "./spool_bytes.ts";

/** A container whose output is stored. */
export interface LoggedContainer {
  /** The engine's id. */
  readonly containerId: string;
  /** Id of its bot. */
  readonly id: string;
  /** When it was created. */
  readonly createdAt: Date;
}

/** What a {@linkcode LogTransfer} needs. */
export interface LogTransferOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog">;
  /** The stored logs. */
  readonly archive: LogArchive;
  /** How lines are written. @default {"ndjson"} */
  readonly format?: LogFormat;
  /** A log that is read for the first time and has so many bytes on the engine may have lost its beginning. @default {never} */
  readonly fullBytes?: number;
  /** Called with lines that are stored now. */
  readonly onStored?: (segment: LogSegment) => void;
  /** First day whose lines are kept, for example `20260131`; `undefined` for all. @default {all} */
  readonly oldestDay?: () => string | undefined;
  /** Whether nothing of the container can be stored yet. @default {false} */
  readonly isNew?: boolean;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

/** What {@linkcode LogTransfer.run} has stored. */
export interface Transferred {
  /** Bytes of lines. */
  readonly bytes: number;
  /** Entries of the log that they were made of. */
  readonly entries: number;
  /** Whether a line waits for its end, and was not stored. @default {false} */
  readonly hasOpenLine?: boolean;
}

/** Options of {@linkcode LogTransfer.run}. */
export interface TransferOptions {
  /** How many entries are expected. */
  readonly expected?: number;
  /** Whether the container has exited: then a line without an end is a line. */
  readonly isFinal: boolean;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** So much is written at once; a log that is large already is added to in larger pieces: S3 copies it each time. */
const PIECE_BYTES = 1024 ** 2;
const LARGE_PIECE_BYTES = 4 * 1024 ** 2;
const LARGE_LOG_BYTES = 16 * 1024 ** 2;
const SPOOL = "It keeps BOT_LOG_MAX_SIZE_MB x BOT_LOG_MAX_FILES of a container's output.";
/** While a line waits for its end, more than a piece is held: so much more, in bytes. Then the line is cut. */
const MAX_HELD_BYTES = 4 * 1024 ** 2;

/** Transfers the output of one container, again and again, each time from where it was left. */
export class LogTransfer {
  readonly #container: LoggedContainer;
  readonly #options: LogTransferOptions;
  readonly #short: string;
  readonly #clock: () => number;
  /** `null`: it has to be read from the stored log. */
  #checkpoint: LogCheckpoint | undefined | null;
  /** The last entry that was stored when a write failed. */
  #failedAt: LogOffset | undefined;
  readonly #dropped: DroppedLineCounter;

  /**
   * Makes one; nothing is read yet.
   *
   * @param container The container.
   * @param options See {@linkcode LogTransferOptions}.
   */
  constructor(container: LoggedContainer, options: LogTransferOptions) {
    this.#container = container;
    this.#options = options;
    this.#short = shortContainerId(container.containerId);
    this.#clock = options.clock ?? Date.now;
    this.#checkpoint = options.isNew ? undefined : null;
    this.#dropped = new DroppedLineCounter(options.orchestrator, container.containerId);
  }

  /**
   * Stores what the container has printed up to now.
   *
   * @param options See {@linkcode TransferOptions}.
   * @returns How much that was.
   * @throws What store and engine throw; what was stored until then is stored.
   */
  async run(options: TransferOptions): Promise<Transferred> {
    const { archive } = this.#options;
    const { id, createdAt } = this.#container;
    if (this.#checkpoint === null) {
      this.#checkpoint = await archive.find(id, this.#short, createdAt, options.signal);
    }
    try {
      const stored = await this.#run(this.#checkpoint, options);
      this.#dropped.reset();
      return stored;
    } catch (error) {
      this.#failedAt = this.#checkpoint?.offset;
      // Nobody knows what has become of a write that failed.
      this.#checkpoint = null;
      archive.forget(id);
      throw error;
    }
  }

  /**
   * Counts what was printed since the last line that is stored, without storing it: for when storing has failed. Should
   * the engine drop it before it can be stored, the log says how many lines that were.
   *
   * @param expected How many entries are expected.
   * @param signal Gives up.
   */
  async count(expected: number, signal: AbortSignal): Promise<void> {
    if (this.#failedAt) await this.#dropped.count(this.#failedAt, { expected, signal });
  }

  async #run(
    checkpoint: LogCheckpoint | undefined,
    { expected, isFinal, signal }: TransferOptions,
  ): Promise<Transferred> {
    const { orchestrator, fullBytes = Infinity, format } = this.#options;
    // Lines that were open then may have ended in the meantime: a log that is long takes time.
    const startedAt = this.#clock();
    let seen = 0;
    let firstTime: string | undefined;
    using assembler = new LineAssembler({
      ...(format && { format }),
      ...(checkpoint && { after: checkpoint.offset }),
    });
    const own = new AbortController();
    const either = AbortSignal.any([signal, own.signal]);
    const stored = { bytes: 0, entries: 0 };
    let hasOpenLine = false;
    let pieceBytes = this.#pieceBytes();
    let writing: Promise<void> = Promise.resolve();
    // One piece is written while the next is read; the engine waits when both are full.
    const write = async (segments: LogSegment[]) => {
      await writing;
      writing = this.#store(segments, assembler, signal);
      // A failure is noticed at the next turn.
      writing.catch(() => own.abort());
      for (const { bytes, entries } of segments) {
        stored.bytes += bytes.length;
        stored.entries += entries;
      }
    };
    try {
      const pieces = readLogAfter(orchestrator, this.#container.containerId, {
        ...(checkpoint && { after: checkpoint.offset }),
        ...(expected !== undefined && { expected }),
        signal: either,
      });
      for await (const { entries, isAfterGap } of pieces) {
        if (isAfterGap) {
          const { time } = entries[0]!;
          const loss = this.#dropped.droppedBefore(checkpoint!.offset, entries);
          assembler.addNote(time, lossOf(checkpoint!.offset.time, time, loss));
        }
        for (const entry of entries) {
          assembler.push(entry);
          if (!checkpoint && seen < fullBytes) {
            firstTime ??= entry.time;
            seen += spoolBytes(entry.content.length, 1);
            if (seen >= fullBytes) assembler.addNote(entry.time, possibleLossOf(firstTime));
          }
          if (assembler.bytes < pieceBytes) continue;
          if (assembler.hasOpenLine && assembler.bytes < pieceBytes + MAX_HELD_BYTES) continue;
          await write(assembler.take({ closeLines: true }));
          pieceBytes = this.#pieceBytes();
        }
      }
      const { hasOpenLine: isOpen } = assembler;
      const closeLines = isFinal || assembler.isOverdue(startedAt);
      await write(assembler.take({ closeLines }));
      hasOpenLine = isOpen && !closeLines;
    } catch (error) {
      // What made the reading end is the write's failure, if it failed.
      await writing;
      throw error;
    }
    await writing;
    return { ...stored, hasOpenLine };
  }

  #pieceBytes(): number {
    const day = new Date(this.#clock()).toISOString().slice(0, 10).replaceAll("-", "");
    const isLarge = this.#options.archive.sizeOf(this.#container.id, day) > LARGE_LOG_BYTES;
    return isLarge ? LARGE_PIECE_BYTES : PIECE_BYTES;
  }

  async #store(
    segments: readonly LogSegment[],
    assembler: LineAssembler,
    signal: AbortSignal,
  ): Promise<void> {
    const { archive, onStored, oldestDay } = this.#options;
    const oldest = oldestDay?.();
    for (const segment of segments) {
      // Its log was deleted, and its checkpoint with it.
      if (oldest !== undefined && segment.day < oldest) continue;
      this.#checkpoint = await archive.append(
        this.#container.id,
        this.#short,
        this.#checkpoint ?? undefined,
        segment,
        signal,
      );
      onStored?.(segment);
      assembler.recycle(segment);
    }
  }
}

function possibleLossOf(before: string): string {
  return `lines printed before ${before} may be lost, nobody knows how many: the engine kept as much as it does ` +
    `when this log was read for the first time. ${SPOOL}`;
}

/** Where nobody has counted, nobody can tell: the engine keeps no count of what it drops. */
function lossOf(from: string, to: string, loss?: DroppedLines): string {
  const between = `lines printed between ${from} and ${to} are lost`;
  const dropped = `the engine has dropped them before they could be stored. ${SPOOL}`;
  if (!loss) return `${between}, nobody knows how many: ${dropped}`;
  if (loss.isExact) return `${loss.lines} ${between}: ${dropped}`;
  return `at least ${loss.lines} ${between}, nobody knows how many more: ${dropped}`;
}
