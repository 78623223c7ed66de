/**
 * Decompresses one entry of a ZIP archive, and verifies it on the way.
 *
 * @module
 */

import { inflateRawSync } from "node:zlib";
import { Inflate } from "fflate";
import { crc32 } from "./crc32.ts";
import { InvalidArchiveError, messageOf } from "../errors.ts";
import { ZIP_STORED, type ZipEntry } from "./zip_directory.ts";

/** Source and target of the data. */
export interface DecodeZipEntryOptions {
  /** Position of the compressed data in the archive. */
  readonly start: number;
  /** Reads bytes of the archive, which need to stay valid only until the next call. */
  read(position: number, length: number): Uint8Array;
  /** Writes a piece of the content, which stays valid only during the call. */
  write(chunk: Uint8Array): void;
}

/**
 * Size up to which an entry is decompressed at once, compressed and not, in bytes. The native decompressor is four times
 * as fast as the one that takes pieces, but it needs memory for the whole.
 */
const MAX_WHOLE_BYTES = 32 * 1024 ** 2;
/** Smallest piece that the native decompressor makes, in bytes. */
const MIN_CHUNK_BYTES = 64;
/** Size of a piece that is only read, in bytes. */
const READ_BYTES = 256 * 1024;
/** Size of a compressed piece, in bytes. It inflates at most 1032 times, to 16 MiB, so a bomb gets no more memory. */
const PIECE_BYTES = 16 * 1024;
/** Ratio of a piece from which the following pieces are smaller, to keep the memory flat. */
const STEEP_RATIO = 64;
const STEEP_PIECE_BYTES = 2 * 1024;
/** Longest input without output, in bytes: a stored block of at most 64 KiB gives nothing until it is complete. */
const MAX_SILENT_BYTES = 128 * 1024;

/**
 * Decompresses an entry, stops as soon as it exceeds its declared size, and checks its CRC-32. The
 * declared size is within the limits, so the real size is, too.
 *
 * @param entry The entry.
 * @param options Source and target of the data.
 * @throws {InvalidArchiveError} If the data is cut off, corrupt, or differs from its declared size or checksum.
 */
export function decodeZipEntry(entry: ZipEntry, options: DecodeZipEntryOptions): void {
  const content = new DeclaredContent(entry, options.write);
  if (entry.method === ZIP_STORED) {
    for (const { piece } of pieces(entry, options, () => PIECE_BYTES)) content.take(piece);
  } else if (entry.size <= MAX_WHOLE_BYTES && entry.compressedSize <= MAX_WHOLE_BYTES) {
    inflateWhole(entry, options, content);
  } else {
    inflate(entry, options, content);
  }
  content.verify();
}

function inflateWhole(entry: ZipEntry, options: DecodeZipEntryOptions, content: DeclaredContent): void {
  const compressed = new Uint8Array(entry.compressedSize);
  let at = 0;
  for (const { piece } of pieces(entry, options, () => READ_BYTES)) {
    compressed.set(piece, at);
    at += piece.length;
  }
  const { buffer, engine } = inflateAtOnce(compressed, entry, content);
  if (engine.bytesWritten < compressed.length) {
    throw corrupt(entry, "its compressed data goes on after its end");
  }
  content.take(buffer);
}

/** The decompressor's result with `info`, which its types lack. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** Its `bytesWritten` is the number of bytes that were read. */
  readonly engine: { readonly bytesWritten: number };
}

function inflateAtOnce(compressed: Uint8Array, entry: ZipEntry, content: DeclaredContent): Inflated {
  try {
    // One byte more than declared is enough to know that there are more. In one piece, nothing is put together.
    const maxOutputLength = entry.size + 1;
    const options = { info: true, maxOutputLength, chunkSize: Math.max(maxOutputLength, MIN_CHUNK_BYTES) };
    return inflateRawSync(compressed, options) as unknown as Inflated;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw content.wrongSize("more");
    }
    throw corrupt(entry, `its compressed data is broken (${messageOf(error)})`);
  }
}

function inflate(entry: ZipEntry, options: DecodeZipEntryOptions, content: DeclaredContent): void {
  let chunks: Uint8Array[] = [];
  let silent = 0;
  let pieceBytes = PIECE_BYTES;
  const stream = new Inflate((chunk) => {
    if (chunk.length > 0) chunks.push(chunk);
  });
  for (const { piece, isLast } of pieces(entry, options, () => pieceBytes)) {
    try {
      stream.push(piece, isLast);
    } catch (error) {
      throw corrupt(entry, `its compressed data is broken (${messageOf(error)})`);
    }
    // After the end of the data, the decompressor only collects its input.
    silent = chunks.length === 0 ? silent + piece.length : 0;
    if (silent > MAX_SILENT_BYTES) throw corrupt(entry, "its compressed data goes on after its end");
    let made = 0;
    for (const chunk of chunks) {
      content.take(chunk);
      made += chunk.length;
    }
    pieceBytes = made > piece.length * STEEP_RATIO ? STEEP_PIECE_BYTES : PIECE_BYTES;
    chunks = [];
  }
}

function* pieces(
  entry: ZipEntry,
  { start, read }: DecodeZipEntryOptions,
  pieceBytes: () => number,
): Generator<{ piece: Uint8Array; isLast: boolean }> {
  for (let done = 0; done < entry.compressedSize;) {
    const wanted = Math.min(pieceBytes(), entry.compressedSize - done);
    const piece = read(start + done, wanted);
    if (piece.length !== wanted) {
      throw new InvalidArchiveError(
        "truncated",
        `The archive is truncated: it ends inside '${entry.label}'. Upload it again, whole.`,
        entry.label,
      );
    }
    done += wanted;
    yield { piece, isLast: done === entry.compressedSize };
  }
}

class DeclaredContent {
  #size = 0;
  #crc = 0;

  constructor(readonly entry: ZipEntry, readonly write: (chunk: Uint8Array) => void) {}

  take(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.entry.size) throw this.wrongSize("more");
    this.#crc = crc32(chunk, this.#crc);
    this.write(chunk);
  }

  verify(): void {
    if (this.#size !== this.entry.size) throw this.wrongSize(`only ${this.#size}`);
    if (this.#crc !== this.entry.crc) {
      throw new InvalidArchiveError(
        "crc-mismatch",
        `The archive's entry '${this.entry.label}' is damaged: its content does not match its checksum. Pack or upload it again.`,
        this.entry.label,
      );
    }
  }

  /** Creates the error of another size. @param found How much there is. */
  wrongSize(found: string): InvalidArchiveError {
    const { label, size } = this.entry;
    return new InvalidArchiveError(
      "header-mismatch",
      `The archive's entry '${label}' declares ${size} bytes and holds ${found}. Pack it again.`,
      label,
    );
  }
}

function corrupt(entry: ZipEntry, what: string): InvalidArchiveError {
  return new InvalidArchiveError(
    "corrupt",
    `The archive is corrupt at '${entry.label}': ${what}. Pack it again.`,
    entry.label,
  );
}
