/**
 * Joins the entries of a container's log to lines.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { LogEntry } from "./container_orchestrator.ts";

/**
 * Called with each line: its stream, the time of its first entry, and its content without the line end in one or more
 * pieces. A character may be split between two pieces.
 */
export type OnLine = (stream: LogEntry["stream"], time: string, pieces: readonly Uint8Array[]) => void;

/** Options of {@linkcode LineJoiner}. */
export interface LineJoinerOptions {
  /** A line that reaches this length without an end is cut into several lines, in bytes. @default {1 MiB} */
  readonly maxLineBytes?: number;
}

interface OpenLine {
  readonly time: string;
  readonly pieces: Uint8Array[];
  bytes: number;
}

const NEWLINE = 0x0a;
/** A line that has been open for longer than this counts as complete, in ms. */
const OVERDUE_MS = 10_000;

/**
 * Joins entries to lines, each stream by itself: an engine cuts a line of more than 16 KiB into several entries. Only a
 * line feed ends a line; a carriage return is content.
 */
export class LineJoiner {
  readonly #onLine: OnLine;
  readonly #maxLineBytes: number;
  readonly #open = new Map<LogEntry["stream"], OpenLine>();
  /** Streams whose last line was cut: the next entry may hold nothing but the line end. */
  readonly #cut = new Set<LogEntry["stream"]>();
  #openBytes = 0;

  constructor(onLine: OnLine, { maxLineBytes = 1024 * 1024 }: LineJoinerOptions = {}) {
    this.#onLine = onLine;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Whether a line has begun and not ended. */
  get hasOpenLine(): boolean {
    return this.#open.size > 0;
  }

  /** Size of the lines that have not ended, in bytes. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Time of the oldest line that has not ended. */
  get openSince(): string | undefined {
    return [...this.#open.values()].map(({ time }) => time).sort()[0];
  }

  /** Whether a line has been open for so long that it counts as complete. @param nowMs The time, in ms since 1970. */
  isOverdue(nowMs: number): boolean {
    const { openSince } = this;
    return openSince !== undefined && nowMs - Date.parse(openSince) > OVERDUE_MS;
  }

  /** Takes the next entry. */
  push({ stream, content, time }: LogEntry): void {
    const isEnded = endsLine(content);
    const piece = isEnded ? content.subarray(0, -1) : content;
    let open = this.#open.get(stream);
    if (!open && isEnded) {
      const isRestOfCut = this.#cut.delete(stream) && piece.length === 0;
      if (!isRestOfCut) this.#onLine(stream, time, [piece]);
      return;
    }
    if (!open) {
      this.#cut.delete(stream);
      this.#open.set(stream, open = { time, pieces: [], bytes: 0 });
    }
    open.pieces.push(piece);
    open.bytes += piece.length;
    this.#openBytes += piece.length;
    if (isEnded) this.#close(stream, open);
    else if (open.bytes >= this.#maxLineBytes) this.#cutOff(stream, open);
  }

  /** Gives the lines that have not ended as they are; the rest of each becomes a line of its own. */
  closeLines(): void {
    for (const [stream, open] of this.#open) this.#cutOff(stream, open);
  }

  /** Gives the lines that have not ended as if they had: what comes next begins new lines. */
  endLines(): void {
    this.closeLines();
    this.#cut.clear();
  }

  /** Drops the lines that have not ended. */
  dropLines(): void {
    this.#open.clear();
    this.#openBytes = 0;
  }

  #cutOff(stream: LogEntry["stream"], open: OpenLine): void {
    this.#close(stream, open);
    this.#cut.add(stream);
  }

  #close(stream: LogEntry["stream"], open: OpenLine): void {
    this.#open.delete(stream);
    this.#openBytes -= open.bytes;
    this.#onLine(stream, open.time, open.pieces);
  }
}

/** Whether content of an entry ends its line. */
export function endsLine(content: Uint8Array): boolean {
  return content[content.length - 1] === NEWLINE;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Decodes a line.
 *
 * @param pieces Its pieces, see {@linkcode OnLine}.
 * @returns The line; invalid UTF-8 becomes U+FFFD.
 */
export function decodePieces(pieces: readonly Uint8Array[]): string {
  return decoder.decode(wholeOf(pieces));
}

/** Joins a line. @param pieces Its pieces, see {@linkcode OnLine}. @returns Its bytes; the only piece is not copied. */
export function wholeOf(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
