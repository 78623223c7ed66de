/**
 * Parses an HTTP/1.1 response whose body comes in chunks, or is a raw stream of the engine.
 *
 * @module
 */

/** The bytes are not such a response. */
export class HttpFormatError extends Error {
  /** @param message The problem. */
  constructor(message: string) {
    super(message);
    this.name = "HttpFormatError";
  }
}

const CR = 0x0d;
const LF = 0x0a;
const MAX_HEAD_BYTES = 64 * 1024;
/** Media types of a raw stream, which has no length; newer engines have one for streams of frames. */
const RAW_STREAM = /^application\/vnd\.docker\.(raw|multiplexed)-stream/;
const latin1 = new TextDecoder("latin1");

type Place = "head" | "size" | "data" | "data-end" | "trailer" | "end";

/** Splits the bytes of one answer into its head and the content of its body, wherever they were cut. */
export class HttpChunks {
  #place: Place = "head";
  #line = "";
  #left = 0;
  #hasLength = false;
  #isRaw = false;
  readonly #headers = new Map<string, string>();
  #status: number | undefined;

  /** The status; `undefined` until the head has come. */
  get status(): number | undefined {
    return this.#place === "head" ? undefined : this.#status;
  }

  /** Whether the body has come to its end. An answer that ends before has broken off. */
  get isComplete(): boolean {
    return this.#place === "end";
  }

  /** Whether the body ends with the connection. */
  get isRaw(): boolean {
    return this.#isRaw;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Bytes as they came.
   * @returns The content of the body among them, joined.
   * @throws {HttpFormatError} If they are not part of a valid response.
   */
  push(bytes: Uint8Array): Uint8Array {
    // Never longer than what came: the rest is frame.
    const content = new Uint8Array(bytes.length);
    let length = 0;
    for (let at = 0; at < bytes.length && this.#place !== "end";) {
      if (this.#place === "data") {
        const piece = bytes.subarray(at, at + this.#left);
        content.set(piece, length);
        length += piece.length;
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#place = this.#hasLength ? "end" : "data-end";
        continue;
      }
      if (this.#place === "size" && this.#line === "") {
        const next = this.#takeSize(bytes, at);
        if (next > at) {
          at = next;
          continue;
        }
      } else if (
        this.#place === "data-end" && bytes[at] === CR && bytes[at + 1] === LF && this.#line === ""
      ) {
        this.#place = "size";
        at += 2;
        continue;
      }
      const end = bytes.indexOf(LF, at);
      const stop = end === -1 ? bytes.length : end;
      this.#line += latin1.decode(bytes.subarray(at, stop > at && bytes[stop - 1] === CR ? stop - 1 : stop));
      if (this.#line.length > MAX_HEAD_BYTES) throw new HttpFormatError("its head is too long");
      at = stop + 1;
      if (end === -1) break;
      // The line feed may have come in a piece of its own.
      const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
      this.#line = "";
      this.#takeLine(line);
    }
    return content.subarray(0, length);
  }

  /**
   * Reads a complete size in its usual form: a log has as many sizes as lines. @returns Where it ends; `at` for any
   * other.
   */
  #takeSize(bytes: Uint8Array, at: number): number {
    let size = 0;
    for (let i = at; i < at + 7 && i + 1 < bytes.length; i++) {
      const byte = bytes[i]!;
      const digit = byte >= 0x30 && byte <= 0x39
        ? byte - 0x30
        : byte >= 0x61 && byte <= 0x66
        ? byte - 0x57
        : -1;
      if (digit >= 0) {
        size = size * 16 + digit;
        continue;
      }
      // The last one, of no bytes, and what is not understood is looked at closely.
      if (byte !== CR || bytes[i + 1] !== LF || size === 0) return at;
      this.#left = size;
      this.#place = "data";
      return i + 2;
    }
    return at;
  }

  #takeLine(line: string): void {
    switch (this.#place) {
      case "head":
        return this.#takeHead(line);
      case "size": {
        const size = line.split(";")[0]!.trim();
        if (!/^[0-9a-f]{1,8}$/i.test(size)) {
          throw new HttpFormatError(`a chunk's size is '${size.slice(0, 20)}'`);
        }
        this.#left = parseInt(size, 16);
        this.#place = this.#left === 0 ? "trailer" : "data";
        return;
      }
      case "data-end":
        if (line !== "") throw new HttpFormatError("a chunk is longer than its size");
        this.#place = "size";
        return;
      case "trailer":
        if (line === "") this.#place = "end";
    }
  }

  #takeHead(line: string): void {
    if (this.#status === undefined) {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1];
      if (status === undefined) throw new HttpFormatError(`it begins with '${line.slice(0, 40)}'`);
      this.#status = Number(status);
    } else if (line !== "") {
      const [name = "", value = ""] = line.split(/:(.*)/s);
      this.#headers.set(name.toLowerCase(), value.trim().toLowerCase());
    } else if (this.#headers.get("transfer-encoding") === "chunked") {
      this.#place = "size";
    } else if (
      RAW_STREAM.test(this.#headers.get("content-type") ?? "") && !this.#headers.has("content-length")
    ) {
      this.#isRaw = true;
      this.#left = Infinity;
      this.#place = "data";
    } else {
      const length = this.#headers.get("content-length") ?? (this.#status === 204 ? "0" : "");
      if (!/^\d{1,15}$/.test(length)) throw new HttpFormatError("its body has neither chunks nor a length");
      this.#hasLength = true;
      this.#left = Number(length);
      this.#place = this.#left === 0 ? "end" : "data";
    }
  }
}
