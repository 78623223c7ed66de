/**
 * Parses the format in which a container engine sends the two streams of a container over one connection: frames of an 8-byte header (stream, three zeros, length as 32-bit big-endian) and a payload.
 *
 * @module
 */

/** A piece of one stream. */
export interface LogFrame {
  /** The stream it belongs to. */
  readonly stream: "stdout" | "stderr";
  /** Its content. May share memory with the chunk that it came in. */
  readonly payload: Uint8Array;
}

/** The bytes do not have the format. */
export class LogFormatError extends Error {
  /** @param message The problem, and its place in the stream. */
  constructor(message: string) {
    super(message);
    this.name = "LogFormatError";
  }
}

const HEADER_BYTES = 8;
/** Engines send at most 16 KiB and a time; a longer frame means a broken header. */
const DEFAULT_MAX_FRAME_BYTES = 1024 * 1024;
const STREAMS = ["stdout", "stdout", "stderr"] as const;
/** Number of the stream on which an engine says why it cannot go on. */
const ENGINE_STREAM = 3;

/**
 * Splits chunks into frames, wherever the chunks were cut. Holds at most one frame.
 */
export class LogDemuxer {
  readonly #maxFrameBytes: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;
  #offset = 0;

  /** @param options `maxFrameBytes`: the longest payload accepted, in bytes (default 1 MiB). */
  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /**
   * Takes the next bytes.
   *
   * @param chunk Bytes as they came.
   * @returns The frames that they complete, in order; empty ones are left out.
   * @throws {LogFormatError} If they are not frames.
   */
  push(chunk: Uint8Array): LogFrame[] {
    const frames: LogFrame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerFilled < HEADER_BYTES) {
        at = this.#fillHeader(chunk, at);
        if (this.#headerFilled < HEADER_BYTES) break;
      }
      at = this.#fillPayload(chunk, at, frames);
    }
    this.#offset += chunk.length;
    return frames;
  }

  /**
   * Ends the stream.
   *
   * @throws {LogFormatError} If they ended inside a frame.
   */
  end(): void {
    if (this.#headerFilled === 0) return;
    throw new LogFormatError(`The log stream ended inside a frame, after ${this.#offset} bytes.`);
  }

  #fillHeader(chunk: Uint8Array, at: number): number {
    const piece = chunk.subarray(at, at + HEADER_BYTES - this.#headerFilled);
    this.#header.set(piece, this.#headerFilled);
    this.#headerFilled += piece.length;
    if (this.#headerFilled === HEADER_BYTES) this.#checkHeader(at + piece.length);
    return at + piece.length;
  }

  #checkHeader(at: number): void {
    const [stream, a, b, c] = this.#header as unknown as [number, number, number, number];
    if (stream <= ENGINE_STREAM && a === 0 && b === 0 && c === 0 && this.#length() <= this.#maxFrameBytes) {
      return;
    }
    const bytes = Array.from(this.#header, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new LogFormatError(
      `The log stream has a broken frame header at byte ${this.#offset + at - HEADER_BYTES}: ${bytes}. ` +
        "It is not in the engine's stream format; a container with a terminal (TTY) has no such format.",
    );
  }

  #fillPayload(chunk: Uint8Array, at: number, frames: LogFrame[]): number {
    const length = this.#length();
    const piece = chunk.subarray(at, at + length - this.#payloadFilled);
    if (piece.length === length) {
      this.#refuseEngineWords(piece);
      if (length > 0) frames.push({ stream: this.#stream(), payload: piece });
      this.#reset();
      return at + length;
    }
    this.#payload ??= new Uint8Array(length);
    this.#payload.set(piece, this.#payloadFilled);
    this.#payloadFilled += piece.length;
    if (this.#payloadFilled === length) {
      this.#refuseEngineWords(this.#payload);
      frames.push({ stream: this.#stream(), payload: this.#payload });
      this.#reset();
    }
    return at + piece.length;
  }

  #refuseEngineWords(payload: Uint8Array): void {
    if (this.#header[0] !== ENGINE_STREAM) return;
    throw new LogFormatError(`The engine broke it off: ${new TextDecoder().decode(payload).trim()}`);
  }

  #length(): number {
    return new DataView(this.#header.buffer).getUint32(4);
  }

  #stream(): "stdout" | "stderr" {
    return STREAMS[this.#header[0] ?? 0] ?? "stdout";
  }

  #reset(): void {
    this.#headerFilled = 0;
    this.#payload = undefined;
    this.#payloadFilled = 0;
  }
}
