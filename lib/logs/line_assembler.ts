/**
 * Turns a log's entries into the bytes that are stored, with the offset up to which they go.
 *
 * @module
 */

import type { LogEntry, LogLine } from "../engine/container_orchestrator.ts";
import { endsLine, LineJoiner, wholeOf } from "../engine/line_joiner.ts";
import { type LogOffset, OffsetCounter, type PassedEntry, toOffset } from "../engine/log_offset.ts";
import { ByteBuilder } from "./byte_builder.ts";
import { writeJsonLine } from "./json_line.ts";
import { dayOf, type LogFormat, type LogSource } from "./line_format.ts";
import type { LineRedactor } from "./line_redactor.ts";
import { METRIC_MARK } from "./metric_series.ts";
import { writeTextLine } from "./text_line.ts";

/** Lines of one day, in the order of the log. */
export interface LogSegment {
  /** Their UTC day, for example `20260131`. */
  readonly day: string;
  /** The lines, as they are stored. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Size of the lines when printed, in bytes. */
  readonly textBytes: number;
  /** Their number. */
  readonly lines: number;
  /** Time of the first one. */
  readonly firstTime: string;
  /** Places among them where lines are lost, each with how many are known of. */
  readonly losses: readonly number[];
  /** Number of entries of the log that they are made of. */
  readonly entries: number;
  /** The last of these entries. */
  readonly offset: LogOffset;
  /** Lines of stdout that may be metrics. */
  readonly candidates: readonly Pick<LogLine, "time" | "text">[];
}

/** Options of {@linkcode LineAssembler}. */
export interface LineAssemblerOptions {
  /** How lines are written. @default {"ndjson"} */
  readonly format?: LogFormat;
  /** Where a line without an end is cut, in bytes. @default {1 MiB} */
  readonly maxLineBytes?: number;
  /** The entry before the first one. */
  readonly after?: LogOffset;
  /** Slot of the run that prints the lines, or id of the backtest. Such lines are always NDJSON. @default {a bot's lines} */
  readonly run?: string | undefined;
  /** Hides secrets in the lines. @default {nothing is hidden} */
  readonly redactor?: LineRedactor | undefined;
}

interface OpenSegment {
  readonly day: string;
  readonly output: ByteBuilder;
  readonly candidates: Pick<LogLine, "time" | "text">[];
  readonly losses: number[];
  firstTime: string;
  lines: number;
  textBytes: number;
  /** Where it ends, once another one has begun. */
  end?: SegmentEnd;
}

interface SegmentEnd {
  /** Entries since the last {@linkcode LineAssembler.take}. */
  readonly entries: number;
  /** The last of these; `undefined` if there is none. */
  readonly last: PassedEntry | undefined;
}

/** The state before the first piece of a line that has not ended. */
interface SavePoint {
  readonly segments: number;
  readonly bytes: number;
  readonly textBytes: number;
  readonly lines: number;
  readonly losses: number;
  readonly candidates: number;
  readonly end: SegmentEnd;
}

/** One segment is filled while another is written. */
const MAX_SPARE_BUFFERS = 2;
const BRACE = 0x7b;
const MAX_METRIC_BYTES = 64 * 1024;

/**
 * Joins entries into lines, formats them for storage, and splits them by day. A segment ends between two lines: while a
 * line of one stream is open, lines of the other stream wait for it and go to the log of the same day, so that a single
 * offset says where to continue.
 */
export class LineAssembler implements Disposable {
  readonly #writeLine: typeof writeJsonLine;
  readonly #run: string | undefined;
  readonly #redactor: LineRedactor | undefined;
  readonly #joiner: LineJoiner;
  readonly #counter: OffsetCounter;
  readonly #decoder = new TextDecoder();
  #segments: OpenSegment[] = [];
  /** Entries, and bytes of formatted lines, since the last {@linkcode take}. */
  #entries = 0;
  #bytes = 0;
  #save: SavePoint | undefined;
  /** Expected size of the next segment, judged by the last one: growing costs memory. */
  #expectedBytes = 0;
  readonly #spareBuffers: ArrayBuffer[] = [];

  constructor({ format, maxLineBytes, after, run, redactor }: LineAssemblerOptions = {}) {
    // A line of text has no room for the run.
    this.#writeLine = format === "text" && run === undefined ? writeTextLine : writeJsonLine;
    this.#run = run;
    this.#redactor = redactor;
    this.#joiner = new LineJoiner(
      (stream, time, pieces) => this.#addLine(stream, time, pieces),
      { maxLineBytes },
    );
    this.#counter = new OffsetCounter(after);
  }

  /** Size of what is held, open lines included, in bytes. */
  get bytes(): number {
    return this.#bytes + this.#joiner.openBytes;
  }

  /** Whether a line has begun and not ended. */
  get hasOpenLine(): boolean {
    return this.#joiner.hasOpenLine;
  }

  /** See {@linkcode LineJoiner.isOverdue}. */
  isOverdue(nowMs: number): boolean {
    return this.#joiner.isOverdue(nowMs);
  }

  /** Takes the next entry. */
  push(entry: LogEntry): void {
    if (!this.#joiner.hasOpenLine && !endsLine(entry.content)) this.#savePosition(dayOf(entry.time));
    this.#joiner.push(entry);
    if (this.#save && !this.#joiner.hasOpenLine) this.#save = undefined;
    this.#counter.count(entry);
    this.#entries++;
  }

  /**
   * Adds a line of Berth's own. It belongs to the entry that comes next.
   *
   * @param time Its time, that of the next entry.
   * @param lost How many lines are known to be lost here; absent if none are.
   */
  addNote(time: string, text: string, lost?: number): void {
    this.#addLine("berth", time, [new TextEncoder().encode(text)]);
    if (lost !== undefined) this.#segments.at(-1)!.losses.push(lost);
  }

  /**
   * Takes out the lines that are held.
   *
   * @param options `closeLines`: include lines that have not ended; the rest of each becomes a line of its own. Without
   * it, such a line and everything after its beginning is dropped, to be read again.
   */
  take(options: { readonly closeLines: boolean }): LogSegment[] {
    let end = this.#end;
    if (options.closeLines) this.#joiner.closeLines();
    else if (this.#save) end = this.#rollBack(this.#save);
    const segments: LogSegment[] = [];
    let entries = 0;
    for (const segment of this.#segments) {
      const isLast = segment === this.#segments.at(-1);
      const { last, entries: upTo } = isLast ? end : segment.end!;
      // A note whose entry was dropped is added again with it.
      if (!last || upTo === entries) continue;
      const { output, end: _end, ...rest } = segment;
      segments.push({ ...rest, bytes: output.bytes, entries: upTo - entries, offset: toOffset(last) });
      entries = upTo;
    }
    const lastBytes = this.#segments.at(-1)?.output.length ?? 0;
    this.#expectedBytes = lastBytes + (lastBytes >> 4);
    this.#segments = [];
    this.#entries = 0;
    this.#bytes = 0;
    this.#save = undefined;
    this.#joiner.dropLines();
    return segments;
  }

  /**
   * Takes back the memory of a segment that is stored. Without this, a long log would leave garbage of its own size,
   * which is collected late because it is not on the heap.
   *
   * @param segment The segment. Its bytes are overwritten.
   */
  recycle({ bytes }: LogSegment): void {
    if (this.#spareBuffers.length < MAX_SPARE_BUFFERS) this.#spareBuffers.push(bytes.buffer);
  }

  /** Frees the memory of recycled segments at once. */
  [Symbol.dispose](): void {
    for (const buffer of this.#spareBuffers.splice(0)) buffer.transfer(0);
  }

  get #end(): SegmentEnd {
    return { entries: this.#entries, last: this.#counter.last };
  }

  #addLine(source: LogSource, time: string, printed: readonly Uint8Array[]): void {
    const pieces = this.#redactor ? [this.#redactor.redactLine(wholeOf(printed))] : printed;
    const day = dayOf(time);
    const last = this.#segments.at(-1);
    // All lines around one that is open over midnight go to its day: two objects cannot be written at once.
    const segment = last && (last.day === day || this.#save) ? last : this.#beginSegment(day);
    const { output } = segment;
    const before = output.length;
    if (segment.lines++ === 0) segment.firstTime = time;
    this.#writeLine(output, source, time, pieces, this.#run);
    this.#bytes += output.length - before;
    for (const { length } of printed) segment.textBytes += length;
    const first = pieces[0]!;
    if (source !== "stdout" || pieces.length > 1 || first[0] !== BRACE || first.length > MAX_METRIC_BYTES) {
      return;
    }
    const text = this.#decoder.decode(first);
    if (text.includes(METRIC_MARK)) segment.candidates.push({ time, text });
  }

  #beginSegment(day: string): OpenSegment {
    const before = this.#segments.at(-1);
    if (before) before.end = this.#end;
    const output = new ByteBuilder(this.#expectedBytes, this.#spareBuffers.pop());
    const segment = { day, output, candidates: [], losses: [], firstTime: "", lines: 0, textBytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #savePosition(day: string): void {
    const last = this.#segments.at(-1);
    this.#save = {
      segments: this.#segments.length,
      bytes: last?.output.length ?? 0,
      textBytes: last?.textBytes ?? 0,
      lines: last?.lines ?? 0,
      losses: last?.losses.length ?? 0,
      candidates: last?.candidates.length ?? 0,
      end: this.#end,
    };
    if (last && last.day !== day) this.#beginSegment(day);
  }

  /** @returns Where the last segment ends now. */
  #rollBack({ segments, bytes, textBytes, lines, losses, candidates, end }: SavePoint): SegmentEnd {
    this.#segments.length = segments;
    const last = this.#segments.at(-1);
    if (last) {
      last.output.truncate(bytes);
      last.textBytes = textBytes;
      last.lines = lines;
      last.losses.length = losses;
      last.candidates.length = candidates;
    }
    return end;
  }
}
