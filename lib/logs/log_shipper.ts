/**
 * Brings what a container has printed into the stored log of its bot.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LogOffset } from "../engine/log_offset.ts";
import { readLogAfter } from "../engine/read_log_after.ts";
import { DroppedLineCounter, type DroppedLines } from "./dropped_line_counter.ts";
import { LineAssembler, type LogSegment } from "./line_assembler.ts";
import type { LogBackpressure } from "./log_backpressure.ts";
import { type LogCheckpoint, shortContainerId } from "./log_checkpoints.ts";
import type { CollectedContainer, LogCollection } from "./log_collection.ts";
import { dayOfDate } from "./log_keys.ts";
import { spoolBytes } from "./flow_credit.ts";

/** Options of {@linkcode LogShipper}. */
export interface LogShipperOptions
  extends
    Pick<LogCollection, "writer" | "clock" | "spool" | "redactorOf" | "listener">,
    Partial<Pick<LogCollection, "format" | "oldestDay" | "onStored">> {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog">;
  /** Slows the container down by what is stored. @default {the container is never slowed down} */
  readonly backpressure?: LogBackpressure | undefined;
}

/** Options of {@linkcode LogShipper.ship}. */
export interface ShipOptions {
  /** Whether the container has exited: then a line without an end is complete. */
  readonly isFinal: boolean;
  /** How many entries to expect. @default {256} */
  readonly expected?: number;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/** Outcome of a write. */
export interface Shipment {
  /** Size of the stored lines, in bytes. */
  readonly bytes: number;
  /** Entries of the log that were read for them. */
  readonly entries: number;
  /** Whether a line has not ended, and was not stored. */
  readonly hasOpenLine: boolean;
}

/** How much is written at once, in bytes: more to a large log, because S3 copies it with each write. */
const WRITE_BYTES = 1024 ** 2;
const LARGE_WRITE_BYTES = 4 * 1024 ** 2;
const LARGE_LOG_BYTES = 16 * 1024 ** 2;
/** How much more is held while a line is open, in bytes; then the line is cut. */
const MAX_OPEN_BYTES = 4 * 1024 ** 2;
/** Files of the engine that are this full may have been rotated: sizes are estimates. */
const FULL_SHARE = 0.9;

/** Ships the output of one container, again and again, each time from the last stored entry on. */
export class LogShipper {
  readonly #container: CollectedContainer;
  readonly #options: LogShipperOptions;
  readonly #short: string;
  readonly #fullBytes: number;
  /** `undefined`: nothing is stored yet. `null`: has to be read from the stored log. */
  #checkpoint: LogCheckpoint | undefined | null;
  /** Counts from the last entry that is known to be stored after a write has failed. */
  #dropped: DroppedLineCounter | undefined;

  /** @param container The container; if it `isNew`, nothing of it can be stored yet. */
  constructor(container: CollectedContainer, options: LogShipperOptions) {
    const { spool } = options;
    this.#container = container;
    this.#options = options;
    this.#short = shortContainerId(container.containerId);
    // All files but the last are full once a line was dropped.
    this.#fullBytes = spool ? FULL_SHARE * spool.maxSizeBytes * Math.max(1, spool.maxFiles - 1) : Infinity;
    this.#checkpoint = container.isNew ? undefined : null;
  }

  /**
   * Stores what the container has printed up to now.
   *
   * @throws The errors of store and engine; lines that were stored until then stay.
   */
  async ship(options: ShipOptions): Promise<Shipment> {
    const { writer, orchestrator } = this.#options;
    const { id, containerId } = this.#container;
    const after = (await this.#findCheckpoint(options.signal))?.offset;
    try {
      const shipment = await this.#ship(after, options);
      this.#dropped = undefined;
      return shipment;
    } catch (error) {
      const offset = this.#checkpoint?.offset;
      if (!offset) this.#dropped = undefined;
      else if (!this.#dropped?.isFrom(offset)) {
        this.#dropped = new DroppedLineCounter(orchestrator, containerId, offset);
      }
      // Whether the failed write took effect is unknown.
      this.#checkpoint = null;
      writer.forget(id);
      throw error;
    }
  }

  /**
   * Counts what was printed since the last stored line, after a write has failed: if the engine drops lines before they
   * can be stored, the log says how many.
   */
  async countUnstored(expected: number, signal: AbortSignal): Promise<void> {
    await this.#dropped?.count({ expected, signal });
  }

  /** Stores a last line, which says why no more can be read of the container. */
  async shipLast(text: string, signal: AbortSignal): Promise<void> {
    const { format, clock, listener } = this.#options;
    const after = (await this.#findCheckpoint(signal))?.offset;
    const time = new Date(clock.now()).toISOString().replace("Z", "000000Z");
    using assembler = new LineAssembler({ format, after, run: this.#container.run });
    assembler.push({ stream: "stderr", time, content: new TextEncoder().encode(`${text}\n`) });
    await this.#store(assembler.take({ closeLines: true }), assembler, signal);
    listener?.lost(this.#container, { time, text });
  }

  async #findCheckpoint(signal: AbortSignal): Promise<LogCheckpoint | undefined> {
    const { id, createdAt } = this.#container;
    if (this.#checkpoint !== null) return this.#checkpoint;
    return this.#checkpoint = await this.#options.writer.findCheckpoint(id, this.#short, createdAt, signal);
  }

  async #ship(after: LogOffset | undefined, options: ShipOptions): Promise<Shipment> {
    const { format, redactorOf } = this.#options;
    const { secretLabels, run } = this.#container;
    const redactor = secretLabels && await redactorOf?.(secretLabels);
    using assembler = new LineAssembler({ format, after, run, redactor });
    const failed = new AbortController();
    const signal = AbortSignal.any([options.signal, failed.signal]);
    const shipment = { bytes: 0, entries: 0, hasOpenLine: false };
    for await (
      const { segments, hasOpenLine } of oneAhead(this.#read(assembler, after, { ...options, signal }))
    ) {
      try {
        await this.#store(segments, assembler, options.signal);
      } catch (error) {
        failed.abort();
        throw error;
      }
      shipment.hasOpenLine = hasOpenLine;
      for (const { bytes, entries } of segments) {
        shipment.bytes += bytes.length;
        shipment.entries += entries;
      }
    }
    return shipment;
  }

  /** Reads what was printed. @returns As much of it as is written at once, again and again. */
  async *#read(
    assembler: LineAssembler,
    after: LogOffset | undefined,
    { expected, isFinal, signal }: ShipOptions,
  ): AsyncGenerator<Pick<Shipment, "hasOpenLine"> & { readonly segments: readonly LogSegment[] }> {
    const { orchestrator, clock, backpressure, listener } = this.#options;
    // Reading takes time: lines that are open now may end meanwhile.
    const startedAt = clock.now();
    let firstTime: string | undefined;
    let readBytes = 0;
    let writeBytes = this.#writeBytes();
    const batches = readLogAfter(orchestrator, this.#container.containerId, {
      after,
      expected,
      onWait: (isWaiting) => backpressure?.recordEngineWait(isWaiting),
      signal,
    });
    for await (const { entries, isAfterGap } of batches) {
      if (isAfterGap) {
        const { time } = entries[0]!;
        const dropped = this.#dropped?.isFrom(after!) ? this.#dropped.droppedBefore(entries) : undefined;
        const text = describeGap(after!.time, time, dropped);
        assembler.addNote(time, text, dropped?.lines ?? 0);
        listener?.lost(this.#container, { time, text });
      }
      for (const entry of entries) {
        assembler.push(entry);
        if (!after && readBytes < this.#fullBytes) {
          firstTime ??= entry.time;
          readBytes += spoolBytes(entry.content.length, 1);
          if (readBytes >= this.#fullBytes) assembler.addNote(entry.time, describePossibleGap(firstTime));
        }
        const maxBytes = assembler.hasOpenLine ? writeBytes + MAX_OPEN_BYTES : writeBytes;
        if (assembler.bytes < maxBytes) continue;
        yield { segments: assembler.take({ closeLines: true }), hasOpenLine: false };
        writeBytes = this.#writeBytes();
      }
    }
    const closeLines = isFinal || assembler.isOverdue(startedAt);
    const hasOpenLine = assembler.hasOpenLine && !closeLines;
    yield { segments: assembler.take({ closeLines }), hasOpenLine };
  }

  #writeBytes(): number {
    const { writer, clock } = this.#options;
    const logBytes = writer.sizeOf(this.#container.id, dayOfDate(clock.now()));
    return logBytes > LARGE_LOG_BYTES ? LARGE_WRITE_BYTES : WRITE_BYTES;
  }

  async #store(
    segments: readonly LogSegment[],
    assembler: LineAssembler,
    signal: AbortSignal,
  ): Promise<void> {
    const { writer, listener, onStored, oldestDay, backpressure } = this.#options;
    const oldest = oldestDay?.();
    for (const segment of segments) {
      // The log of that day was deleted, and its checkpoints with it.
      if (oldest !== undefined && segment.day < oldest) continue;
      const before = this.#checkpoint ?? undefined;
      await listener?.beforeStored(this.#container, segment.bytes);
      this.#checkpoint = await writer.append(this.#container.id, this.#short, before, segment, signal);
      onStored?.(this.#container.id, segment);
      backpressure?.recordStored(segment.textBytes, segment.entries);
      assembler.recycle(segment);
    }
  }
}

/** Gives each item while the next one is made. */
async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    let next = items.next();
    while (true) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      next.catch(() => {});
      yield value;
    }
  } finally {
    await items.return(undefined).catch(() => {});
  }
}

const SPOOL_ADVICE = "It keeps BOT_LOG_MAX_SIZE_MB x BOT_LOG_MAX_FILES of a container's output.";

function describePossibleGap(before: string): string {
  return `lines printed before ${before} may be lost, nobody knows how many: the engine kept as much as it does ` +
    `when this log was read for the first time. ${SPOOL_ADVICE}`;
}

/** The engine does not tell what it has dropped: without a count the number is unknown. */
function describeGap(from: string, to: string, dropped?: DroppedLines): string {
  const lines = `lines printed between ${from} and ${to} are lost`;
  const reason = `the engine has dropped them before they could be stored. ${SPOOL_ADVICE}`;
  if (!dropped) return `${lines}, nobody knows how many: ${reason}`;
  if (dropped.isExact) return `${dropped.lines} ${lines}: ${reason}`;
  return `at least ${dropped.lines} ${lines}, nobody knows how many more: ${reason}`;
}
