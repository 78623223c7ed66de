/**
 * Decompresses one entry of a ZIP archive and verifies it while it goes by.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import { Inflate } from "fflate";
import { InvalidArchiveError } from "../errors.ts";
import { ZIP_STORED, type ZipEntry } from "./zip_directory.ts";

/** Where the data comes from and goes to. */
export interface DecodeZipEntryOptions {
  /** Where the compressed data begins, in bytes from the start of the archive. */
  readonly start: number;
  /** Reads bytes of the archive; they need to be valid until the next call only. */
  read(position: number, length: number): Uint8Array;
  /** Takes the content, piece by piece. The pieces are valid during the call only. */
  write(chunk: Uint8Array): void;
}

/** Inflating one piece makes at most 1032 times as much, some 16 MiB: that is all a bomb ever gets. */
const PIECE_BYTES = 16 * 1024;
/** After a piece that grew by more than this, smaller ones keep the memory flat. */
const STEEP_RATIO = 64;
const STEEP_PIECE_BYTES = 2 * 1024;
/** The longest block that gives nothing until it is complete is a stored one of 64 KiB. */
const MAX_SILENT_BYTES = 128 * 1024;

/**
 * Decompresses an entry in small pieces, stops as soon as it holds more than it declares, and checks its CRC-32. The
 * declared size has passed the limits already, so the real one cannot pass them either.
 *
 * @param entry The entry.
 * @param options Where the data comes from and goes to.
 * @throws {InvalidArchiveError} The data is cut off, corrupt, or not what is declared.
 */
export function decodeZipEntry(entry: ZipEntry, options: DecodeZipEntryOptions): void {
  const content = new DeclaredContent(entry, options.write);
  if (entry.method === ZIP_STORED) {
    for (const { piece } of pieces(entry, options, () => PIECE_BYTES)) content.take(piece);
  } else {
    inflate(entry, options, content);
  }
  content.verify();
}

function inflate(entry: ZipEntry, options: DecodeZipEntryOptions, content: DeclaredContent): void {
  let chunks: Uint8Array[] = [];
  let silent = 0;
  let pieceBytes = PIECE_BYTES;
  const stream = new Inflate((chunk) => {
    if (chunk.length > 0) chunks.push(chunk);
  });
  for (const { piece, last } of pieces(entry, options, () => pieceBytes)) {
    try {
      stream.push(piece, last);
    } catch (error) {
      throw corrupt(
        entry,
        `its compressed data is broken (${error instanceof Error ? error.message : error})`,
      );
    }
    // Past the end of its data the decompressor only piles up what it is given.
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
): Generator<{ piece: Uint8Array; last: boolean }> {
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
    yield { piece, last: done === entry.compressedSize };
  }
}

class DeclaredContent {
  #size = 0;
  #crc = 0;

  constructor(readonly entry: ZipEntry, readonly write: (chunk: Uint8Array) => void) {}

  take(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.entry.size) throw this.#wrongSize("more");
    this.#crc = crc32(chunk, this.#crc);
    this.write(chunk);
  }

  verify(): void {
    if (this.#size !== this.entry.size) throw this.#wrongSize(`only ${this.#size}`);
    if (this.#crc !== this.entry.crc) {
      throw new InvalidArchiveError(
        "crc-mismatch",
        `The archive's entry '${this.entry.label}' is damaged: its content does not match its checksum. Pack or upload it again.`,
        this.entry.label,
      );
    }
  }

  #wrongSize(found: string): InvalidArchiveError {
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
