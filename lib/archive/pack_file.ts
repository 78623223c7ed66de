/**
 * Reads a file for an archive: compresses it, or only hashes it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createDeflateRaw, deflateRawSync } from "node:zlib";
import { concatBytes } from "../util/concat_bytes.ts";
import { crc32 } from "./crc32.ts";

/** The work on a file. */
export type PackMode = "compress" | "store" | "hash";

/** A file to pack. */
export interface FileToPack {
  /** Absolute path. */
  readonly path: string;
  /** Size when it was listed, in bytes. */
  readonly size: number;
}

/** A packed file. */
export interface PackedFile {
  /** Size of the content, in bytes. */
  readonly size: number;
  /** CRC-32 of the content. */
  readonly crc: number;
  /** SHA-256 of the content in hexadecimal digits. */
  readonly sha256: string;
  /** How the data is packed: 0 (stored) or 8 (deflate). */
  readonly method: 0 | 8;
  /** The data; empty if the file was only hashed. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Size above which a file is read in pieces, in bytes. */
const MAX_WHOLE_FILE_BYTES = 32 * 1024 ** 2;
const PIECE_BYTES = 1024 ** 2;
/** Compressed part of a file above which it is stored uncompressed, as for images. */
const WORTHWHILE = 0.95;
const NOTHING = new Uint8Array(0);

/**
 * Packs a file. A small one blocks the thread until it is done.
 *
 * @param file The file.
 * @param mode The way to treat it.
 * @throws {Error} If it cannot be read.
 */
export async function packFile({ path, size }: FileToPack, mode: PackMode): Promise<PackedFile> {
  return size > MAX_WHOLE_FILE_BYTES ? await packLarge(path, mode) : pack(Deno.readFileSync(path), mode);
}

function pack(content: Uint8Array<ArrayBuffer>, mode: PackMode): PackedFile {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const known = { size: content.length, crc: crc32(content), sha256, method: 0 } as const;
  if (mode === "hash") return { ...known, data: NOTHING };
  if (mode === "store" || content.length === 0) return { ...known, data: content };
  const deflated = deflateRawSync(content, { level: 1, chunkSize: chunkSizeOf(content.length) });
  return deflated.length < content.length * WORTHWHILE
    ? { ...known, method: 8, data: new Uint8Array(deflated) }
    : { ...known, data: content };
}

/** A larger file gets larger chunks, so that fewer pieces have to be joined at the end. */
function chunkSizeOf(size: number): number {
  return Math.min(Math.max(size, 1024), PIECE_BYTES);
}

async function packLarge(path: string, mode: PackMode): Promise<PackedFile> {
  let [size, crc] = [0, 0];
  const hash = createHash("sha256");
  const source = createReadStream(path, { highWaterMark: PIECE_BYTES });
  source.on("data", (chunk) => {
    size += chunk.length;
    crc = crc32(chunk, crc);
    hash.update(chunk);
  });
  const output = mode === "compress" ? source.pipe(createDeflateRaw({ level: 1 })) : source;
  source.once("error", (error) => output.destroy(error));
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) if (mode !== "hash") chunks.push(chunk);
  const method = mode === "compress" ? 8 : 0;
  return { size, crc, sha256: hash.digest("hex"), method, data: concatBytes(chunks) };
}
