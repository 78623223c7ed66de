/**
 * Packs a folder into a ZIP archive.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createDeflateRaw, deflateRawSync } from "node:zlib";
import { crc32 } from "./crc32.ts";
import { Zip, ZipPassThrough } from "fflate";
import { contentHashOf, type HashedEntry } from "./content_hash.ts";
import { InvalidBotFolderError, messageOf } from "../errors.ts";
import type { IgnoreFile } from "./ignore_rules.ts";
import { type FolderItem, listFolder } from "./list_folder.ts";

/** Progress of packing a folder. */
export interface ZipProgress {
  /** Size of the files packed so far, in bytes. */
  readonly doneBytes: number;
  /** Size of all files, in bytes. */
  readonly totalBytes: number;
  /** Number of files and folders. */
  readonly items: number;
}

/** Options of {@linkcode zipFolder}. */
export interface ZipFolderOptions {
  /**
   * Whether to compress files. Without, packing and extracting on the same machine is faster.
   *
   * @default {true}
   */
  readonly compress?: boolean;
  /** Called at the beginning, then about ten times a second, and at the end. */
  readonly onProgress?: (progress: ZipProgress) => void;
  /** Cancels the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A packed folder. */
export interface ZippedFolder {
  /** The archive. */
  readonly archive: Uint8Array<ArrayBuffer>;
  /** SHA-256 of names, modes and contents in hexadecimal digits. Does not depend on the compression. */
  readonly contentHash: string;
  /** Paths that the ignore file leaves out. The content of a folder that is left out is not listed. */
  readonly leftOut: readonly string[];
  /** The ignore file, if there is one. */
  readonly ignoreFile?: IgnoreFile;
}

const MAX_BYTES = 0xffffffff - 1;
const UNIX = 3;
// A ZIP archive has no time zone, so local noon of its first possible day gives the same bytes everywhere.
const MTIME = new Date(1980, 0, 1, 12);
/** Size above which a file is read in pieces, in bytes. */
const MAX_WHOLE_FILE_BYTES = 32 * 1024 ** 2;
/** Longest time without a turn for other work, in ms. */
const MAX_TURN_MS = 50;
/** Compressed part of a file above which it is stored uncompressed, as for images. */
const WORTHWHILE = 0.95;

/**
 * Packs a folder into a ZIP archive in memory. The same content gives the same bytes, whenever and wherever it is packed:
 * entries are sorted and have a fixed time. Keeps executable bits. Leaves out virtual environments, caches, `.git`,
 * `.env` and the patterns of `.berthignore` or `.gitignore`.
 *
 * @param folder Path of the folder, whose content becomes the top level of the archive.
 * @param options See {@linkcode ZipFolderOptions}.
 * @returns The archive.
 * @throws {InvalidBotFolderError} If the folder cannot be read, or contains something that cannot be packed.
 *
 * @example Pack a bot
 * ```ts
 * import { zipFolder } from "@berth/runner";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/main.py`, "def main(id, config):\n    return {}\n");
 * const { archive, contentHash } = await zipFolder(folder);
 * console.assert(archive.length > 0 && contentHash.length === 64);
 * ```
 */
export async function zipFolder(
  folder: string,
  { compress = true, onProgress, signal }: ZipFolderOptions = {},
): Promise<ZippedFolder> {
  signal?.throwIfAborted();
  const { items, ...listing } = await listFolder(folder, signal);
  const totalBytes = items.reduce((sum, { size }) => sum + size, 0);
  const packer = new Packer(compress);
  const reportProgress = () => onProgress?.({ doneBytes: packer.doneBytes, totalBytes, items: items.length });
  reportProgress();
  let turn = performance.now();
  for (const item of items) {
    await packer.add(item);
    if (performance.now() - turn < MAX_TURN_MS) continue;
    reportProgress();
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    turn = performance.now();
  }
  reportProgress();
  return { ...packer.finish(), ...listing };
}

interface Packed {
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  readonly method: 0 | 8;
  readonly size: number;
  readonly crc: number;
  readonly sha256: string;
}

class Packer {
  doneBytes = 0;
  readonly #compress: boolean;
  readonly #chunks: Uint8Array[] = [];
  readonly #content: HashedEntry[] = [];
  readonly #zip: Zip;
  #size = 0;

  constructor(compress: boolean) {
    this.#compress = compress;
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) throw error;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
    });
  }

  async add(item: FolderItem): Promise<void> {
    const { name, path, isExecutable, size } = item;
    const isFolder = name.endsWith("/");
    const packed = isFolder
      ? EMPTY
      : size > MAX_WHOLE_FILE_BYTES
      ? await readable(path, () => this.#packLarge(path))
      : this.#pack(await readable(path, () => Promise.resolve(Deno.readFileSync(path))));
    const entry = new PackedEntry(name, packed);
    entry.attrs = (isFolder ? 0o040755 : isExecutable ? 0o100755 : 0o100644) << 16;
    this.#zip.add(entry);
    entry.write();
    this.doneBytes += packed.size;
    this.#content.push({ name, isExecutable: isExecutable && !isFolder, sha256: packed.sha256 });
    if (this.#size > MAX_BYTES) {
      throw new InvalidBotFolderError(
        `Cannot pack '${path}': the archive would have more than ${MAX_BYTES} bytes.`,
      );
    }
  }

  finish(): Pick<ZippedFolder, "archive" | "contentHash"> {
    this.#zip.end();
    const archive = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      archive.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks.length = 0;
    return { archive, contentHash: contentHashOf(this.#content) };
  }

  #pack(content: Uint8Array<ArrayBuffer>): Packed {
    const known = { size: content.length, crc: crc32(content), sha256: sha256Of([content]) };
    if (this.#compress && content.length > 0) {
      const deflated = deflateRawSync(content, { level: 1 });
      if (deflated.length < content.length * WORTHWHILE) {
        return { ...known, method: 8, chunks: [new Uint8Array(deflated)] };
      }
    }
    return { ...known, method: 0, chunks: [content] };
  }

  async #packLarge(path: string): Promise<Packed> {
    let [size, crc] = [0, 0];
    const hash = createHash("sha256");
    const source = createReadStream(path, { highWaterMark: 1024 ** 2 });
    source.on("data", (chunk) => {
      size += chunk.length;
      crc = crc32(chunk, crc);
      hash.update(chunk);
    });
    const output = this.#compress ? source.pipe(createDeflateRaw({ level: 1 })) : source;
    source.once("error", (error) => output.destroy(error));
    const chunks: Uint8Array<ArrayBuffer>[] = await Array.fromAsync(output);
    return { chunks, method: this.#compress ? 8 : 0, size, crc, sha256: hash.digest("hex") };
  }
}

/** An entry whose data is already packed; fflate writes its headers. */
class PackedEntry extends ZipPassThrough {
  readonly #packed: Packed;

  constructor(name: string, packed: Packed) {
    super(name);
    this.#packed = packed;
    this.os = UNIX;
    this.mtime = MTIME;
    this.compression = packed.method;
  }

  write(): void {
    const { chunks, size, crc } = this.#packed;
    for (const chunk of chunks) this.ondata(null, chunk, false);
    // The base class does not count data that is pushed from outside.
    this.size = size;
    this.crc = crc;
    this.ondata(null, new Uint8Array(0), true);
  }
}

const EMPTY: Packed = { chunks: [], method: 0, size: 0, crc: 0, sha256: "" };

function sha256Of(chunks: readonly Uint8Array[]): string {
  const hash: Hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot read '${path}': ${messageOf(error)}.`, { cause: error });
  }
}
