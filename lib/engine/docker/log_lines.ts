/**
 * Joins the timestamped frames of a container's log to lines.
 *
 * @module
 */

import type { LogLine } from "../container_orchestrator.ts";
import { withoutPadding } from "./log_pieces.ts";
import { LogFormatError, type LogFrame } from "./log_demuxer.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** A longer line is delivered in pieces of about this size, each as a line: memory stays bounded. */
const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;
const MAX_TIME_BYTES = 64;

/** What is there of a line whose end has not come. */
interface OpenLine {
  time: string;
  pieces: Uint8Array[];
  bytes: number;
}

/**
 * Joins frames to lines. An engine cuts a long line into frames of 16 KiB, each with a time of its own in
 * front; the line keeps the time of its first. Only a line feed ends a line: a carriage return is text.
 */
export class LogLineJoiner {
  readonly #maxLineBytes: number;
  readonly #open = new Map<LogLine["stream"], OpenLine>();
  // A byte order mark is part of what the bot printed.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** @param options `maxLineBytes`: where a line without an end is cut, in bytes (default 1 MiB). */
  constructor(options: { readonly maxLineBytes?: number } = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES;
  }

  /**
   * Takes the next frame, its time in front as with the engine's `timestamps` option.
   *
   * @param frame The frame.
   * @returns The lines that it completes.
   * @throws {LogFormatError} If there is no time in front.
   */
  push(frame: LogFrame): LogLine[] {
    const { stream, payload } = frame;
    const space = payload.subarray(0, MAX_TIME_BYTES).indexOf(SPACE);
    // RFC 3339 begins with a year: a check of the first byte is enough to tell a frame without a time.
    if (space < 20 || !isDigit(payload[0])) {
      throw new LogFormatError("The engine sent a log frame without a time in front.");
    }
    const end = payload.length - 1;
    const isOneWholeLine = !this.#open.has(stream) && payload.indexOf(NEWLINE, space + 1) === end &&
      end - space <= this.#maxLineBytes;
    if (isOneWholeLine) {
      // Nearly all frames: one decoding for time and text.
      const whole = this.#decoder.decode(payload.subarray(0, end));
      return [{ time: whole.slice(0, space), stream, text: whole.slice(space + 1) }];
    }
    const time = this.#decoder.decode(payload.subarray(0, space));
    return this.#append(stream, time, withoutPadding(payload.subarray(space + 1)));
  }

  /** Says that there are no more frames. @returns The last lines of streams that ended without a line feed. */
  end(): LogLine[] {
    const lines = Array.from(this.#open, ([stream, open]) => this.#close(stream, open));
    this.#open.clear();
    return lines;
  }

  #append(stream: LogLine["stream"], time: string, content: Uint8Array): LogLine[] {
    const lines: LogLine[] = [];
    let rest = content;
    while (rest.length > 0) {
      const open = this.#open.get(stream) ?? { time, pieces: [], bytes: 0 };
      const newline = rest.indexOf(NEWLINE);
      const room = Math.max(0, this.#maxLineBytes - open.bytes);
      const whole = newline === -1 ? rest.length : newline;
      const taken = whole > room ? endOfCharacter(rest, room) : whole;
      open.pieces.push(rest.slice(0, taken));
      open.bytes += taken;
      const isEnded = newline !== -1 && taken === newline;
      rest = rest.subarray(isEnded ? taken + 1 : taken);
      if (isEnded || rest.length > 0) {
        this.#open.delete(stream);
        lines.push(this.#close(stream, open));
      } else {
        this.#open.set(stream, open);
      }
    }
    return lines;
  }

  #close(stream: LogLine["stream"], open: OpenLine): LogLine {
    const bytes = new Uint8Array(open.bytes);
    let at = 0;
    for (const piece of open.pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return { time: open.time, stream, text: this.#decoder.decode(bytes) };
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The first place at or after `at` where no UTF-8 character is torn apart: such a one has at most 3 bytes more. */
function endOfCharacter(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && end - at < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end++;
  return end;
}
