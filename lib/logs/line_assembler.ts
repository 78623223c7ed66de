/**
 * Makes stored lines of a log's entries, and says up to which entry they go.
 *
 * @module
 */

import type { LogEntry } from "../engine/container_orchestrator.ts";
import { ByteBuilder } from "./byte_builder.ts";
import { writeJsonLine } from "./json_line.ts";
import { dayOf, type LogFormat, type LogSource } from "./line_format.ts";
import { EntryCounter, type LogMark, type LogPlace, markOf } from "./log_mark.ts";
import { writeTextLine } from "./text_line.ts";

/** Lines of one day, in the order of the log. */
export interface LogSegment {
  /** Their UTC day, for example `20260131`. */
  readonly day: string;
  /** The lines, as they are stored. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes of text they hold. */
  readonly textBytes: number;
  /** How many entries of the log they are made of. */
  readonly entries: number;
  /** The last of these. */
  readonly mark: LogMark;
  /** Texts of stdout among them that may be metrics, with their times. */
  readonly candidates: readonly MetricCandidate[];
}

/** A line that may be a metric. */
export interface MetricCandidate {
  /** When the engine received it. */
  readonly time: string;
  /** The line. */
  readonly text: string;
}

/** Options of {@linkcode LineAssembler}. */
export interface LineAssemblerOptions {
  /** How lines are written. @default {"ndjson"} */
  readonly format?: LogFormat;
  /** Where a line without an end is cut, in bytes. @default {1 MiB} */
  readonly maxLineBytes?: number;
  /** Entry after which those begin that are given to it. */
  readonly after?: LogMark;
}

interface OpenSegment {
  readonly day: string;
  readonly output: ByteBuilder;
  readonly candidates: MetricCandidate[];
  textBytes: number;
  /** How far it goes: entries since the last {@linkcode LineAssembler.take}, and the last of them. */
  end: End | undefined;
}

/** Written over with each entry: a million objects would be garbage. */
interface End {
  entries: number;
  entry: LogEntry;
  ordinal: number;
  readonly other: { -readonly [K in keyof LogPlace]: LogPlace[K] };
}

interface OpenLine {
  readonly time: string;
  readonly pieces: Uint8Array[];
  bytes: number;
}

/** What was there before the first piece of a line whose end has not come. */
interface SavePoint {
  readonly segments: number;
  readonly bytes: number;
  readonly textBytes: number;
  readonly candidates: number;
  readonly end: End | undefined;
}

/** One piece is read while another is written. */
const MAX_SPARES = 2;
const NEWLINE = 0x0a;
const BRACE = 0x7b;
const MAX_METRIC_BYTES = 64 * 1024;
const METRIC = '"_metric"';

/**
 * Joins the pieces of long lines, writes lines in their stored form and cuts them by day. What it gives away
 * ends between two lines: lines of one output that came while one of the other was open wait for that, too, and go
 * to the log of the same day, so that a single mark says where to go on.
 */
export class LineAssembler implements Disposable {
  readonly #writeLine: typeof writeJsonLine;
  readonly #maxLineBytes: number;
  readonly #counter = new EntryCounter();
  readonly #open = new Map<LogEntry["stream"], OpenLine>();
  /** Outputs of which a line was cut: the next piece may be nothing but its line end. */
  readonly #cut = new Set<LogEntry["stream"]>();
  readonly #decoder = new TextDecoder();
  #segments: OpenSegment[] = [];
  #entries = 0;
  #last: End | undefined;
  #bytes = 0;
  /** How long the next piece will be, as far as the last one tells: growing costs memory. */
  #expected = 0;
  /** Memory of segments that are done with. */
  readonly #spares: ArrayBuffer[] = [];
  #save: SavePoint | undefined;

  /** @param options See {@linkcode LineAssemblerOptions}. */
  constructor(options: LineAssemblerOptions = {}) {
    this.#writeLine = options.format === "text" ? writeTextLine : writeJsonLine;
    this.#maxLineBytes = options.maxLineBytes ?? 1024 * 1024;
    if (options.after) this.#counter.resume(options.after);
  }

  /** How many bytes are held, open lines included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the end of a line has not come. */
  get hasOpenLine(): boolean {
    return this.#open.size > 0;
  }

  /** Time of the oldest line whose end has not come. */
  get openSince(): string | undefined {
    return [...this.#open.values()].map(({ time }) => time).sort()[0];
  }

  /**
   * Takes the next entry.
   *
   * @param entry The entry.
   */
  push(entry: LogEntry): void {
    const { stream, content, time } = entry;
    const ordinal = this.#counter.count(entry);
    const isEnded = content[content.length - 1] === NEWLINE;
    const text = isEnded ? content.subarray(0, -1) : content;
    const open = this.#open.get(stream);
    if (open) this.#continue(stream, open, text, isEnded);
    else if (isEnded) {
      // Of a line that was cut at its very end nothing but that end is left.
      const isRest = this.#cut.delete(stream) && text.length === 0;
      if (!isRest) this.#line(stream, time, [text]);
    } else {
      if (this.#open.size === 0) this.#savePlace(dayOf(time));
      const begun = { time, pieces: [], bytes: 0 };
      this.#open.set(stream, begun);
      this.#continue(stream, begun, text, false);
    }
    this.#entries++;
    const other = this.#counter.other(stream);
    this.#last = setEnd(this.#last, this.#entries, entry, ordinal, other);
    const segment = this.#segments.at(-1);
    if (segment) segment.end = setEnd(segment.end, this.#entries, entry, ordinal, other);
  }

  /**
   * Writes a line of Berth's own. It is given away with the entry that comes next.
   *
   * @param time Its time, that of the next entry.
   * @param text The line.
   */
  note(time: string, text: string): void {
    this.#line("berth", time, [new TextEncoder().encode(text)]);
  }

  /**
   * Gives away what is there.
   *
   * @param options `closeLines`: a line without an end is given as it is, and what follows of it later is a
   * line of its own. Without it, such a line and all that came after its beginning is dropped, to be read again.
   * @returns The lines.
   */
  take(options: { readonly closeLines: boolean }): LogSegment[] {
    if (options.closeLines) {
      for (const [stream, open] of this.#open) this.#cutOff(stream, open);
      // Only now there is a segment for pieces of a line that was the first to come.
      const last = this.#segments.at(-1);
      if (last && this.#last) last.end = this.#last;
    } else if (this.#save) this.#rollBack(this.#save);
    const segments: LogSegment[] = [];
    let entries = 0;
    for (const { day, output, textBytes, candidates, end } of this.#segments) {
      if (!end) continue;
      segments.push({
        day,
        bytes: output.bytes,
        textBytes,
        entries: end.entries - entries,
        mark: markOf(end.entry, end.ordinal, end.other),
        candidates,
      });
      entries = end.entries;
    }
    const lastBytes = this.#segments.at(-1)?.output.length ?? 0;
    this.#expected = lastBytes + (lastBytes >> 4);
    this.#segments = [];
    this.#entries = 0;
    this.#last = undefined;
    this.#bytes = 0;
    this.#save = undefined;
    this.#open.clear();
    return segments;
  }

  /**
   * Takes back the memory of a segment that is done with: a log that is long would else leave garbage as long as itself,
   * which is collected late, because it is not on the heap.
   *
   * @param segment The segment. Its bytes are written over.
   */
  recycle({ bytes }: LogSegment): void {
    if (this.#spares.length < MAX_SPARES) this.#spares.push(bytes.buffer);
  }

  /** Gives back the memory of segments that are done with, at once. */
  [Symbol.dispose](): void {
    for (const memory of this.#spares.splice(0)) memory.transfer(0);
  }

  #continue(stream: LogEntry["stream"], open: OpenLine, text: Uint8Array, isEnded: boolean): void {
    open.pieces.push(text);
    open.bytes += text.length;
    this.#bytes += text.length;
    if (isEnded) this.#close(stream, open);
    else if (open.bytes >= this.#maxLineBytes) this.#cutOff(stream, open);
  }

  #cutOff(stream: LogEntry["stream"], open: OpenLine): void {
    this.#close(stream, open);
    this.#cut.add(stream);
  }

  #close(stream: LogEntry["stream"], open: OpenLine): void {
    this.#open.delete(stream);
    this.#bytes -= open.bytes;
    this.#line(stream, open.time, open.pieces);
    if (this.#open.size === 0) this.#save = undefined;
  }

  #line(source: LogSource, time: string, pieces: readonly Uint8Array[]): void {
    const day = dayOf(time);
    const last = this.#segments.at(-1);
    // Around a line that is open over midnight all goes to its day: two objects are not written at once.
    const segment = last && (last.day === day || this.#save) ? last : this.#newSegment(day);
    const { output } = segment;
    const before = output.length;
    this.#writeLine(output, source, time, pieces);
    this.#bytes += output.length - before;
    for (const { length } of pieces) segment.textBytes += length;
    const first = pieces[0]!;
    if (source !== "stdout" || pieces.length > 1 || first[0] !== BRACE || first.length > MAX_METRIC_BYTES) {
      return;
    }
    const text = this.#decoder.decode(first);
    if (text.includes(METRIC)) segment.candidates.push({ time, text });
  }

  #newSegment(day: string): OpenSegment {
    const segment = {
      day,
      output: new ByteBuilder(this.#expected, this.#spares.pop()),
      candidates: [],
      textBytes: 0,
      end: undefined,
    };
    this.#segments.push(segment);
    return segment;
  }

  #savePlace(day: string): void {
    const last = this.#segments.at(-1);
    this.#save = {
      segments: this.#segments.length,
      bytes: last?.output.length ?? 0,
      textBytes: last?.textBytes ?? 0,
      candidates: last?.candidates.length ?? 0,
      end: last?.end && copyOf(last.end),
    };
    if (last && last.day !== day) this.#newSegment(day);
  }

  #rollBack({ segments, bytes, textBytes, candidates, end }: SavePoint): void {
    this.#segments.length = segments;
    const last = this.#segments.at(-1);
    if (!last) return;
    last.output.truncate(bytes);
    last.textBytes = textBytes;
    last.candidates.length = candidates;
    last.end = end;
  }
}

function setEnd(
  end: End | undefined,
  entries: number,
  entry: LogEntry,
  ordinal: number,
  other: LogPlace,
): End {
  if (!end) return { entries, entry, ordinal, other: { ...other } };
  end.entries = entries;
  end.entry = entry;
  end.ordinal = ordinal;
  end.other.time = other.time;
  end.other.ordinal = other.ordinal;
  return end;
}

function copyOf({ other, ...end }: End): End {
  return { ...end, other: { ...other } };
}
