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
import { InvalidBotFolderError, messageOf } from "../errors.ts";
import type { IgnoreFile } from "./ignore_rules.ts";
import { type FolderItem, listFolder } from "./list_folder.ts";

/** How far the packing of a folder is. */
export interface ZipProgress {
  /** Bytes of files that are packed. */
  readonly doneBytes: number;
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Number of all files and folders. */
  readonly items: number;
}

/** Options of {@linkcode zipFolder}. */
export interface ZipFolderOptions {
  /**
   * Whether files are compressed. An archive that does not leave the machine is packed and extracted faster without.
   *
   * @default {true}
   */
  readonly compress?: boolean;
  /** Called at the beginning, then some ten times a second, and at the end. */
  readonly onProgress?: (progress: ZipProgress) => void;
  /** Cancels the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A packed folder. */
export interface ZippedFolder {
  /** The archive. */
  readonly archive: Uint8Array<ArrayBuffer>;
  /** SHA-256 of names, modes and contents, in hexadecimal digits: it does not depend on how they are compressed. */
  readonly contentHash: string;
  /** What a file of the folder leaves out; what lies in a folder that is left out is not listed. */
  readonly leftOut: readonly string[];
  /** The file that says so. */
  readonly ignoreFile?: IgnoreFile;
}

const MAX_BYTES = 0xffffffff - 1;
const UNIX = 3;
// The archive has no zone: local noon of the first day it can express is the same bytes everywhere.
const MTIME = new Date(1980, 0, 1, 12);
/** Larger files are read in pieces, in bytes. */
const WHOLE_BYTES = 32 * 1024 ** 2;
/** Time without a turn for anybody else, in ms. */
const TURN_MS = 50;
/** A file that does not get smaller than this part of it is stored as it is: what is packed already, as images. */
const WORTHWHILE = 0.95;

/**
 * Packs what {@linkcode listFolder} lists. The same content gives the same bytes, whenever and wherever it is packed:
 * entries are sorted and have one fixed time. Executable bits are kept. The packed archive is held in memory.
 *
 * @param folder The folder; its content becomes the top level of the archive.
 * @param options See {@linkcode ZipFolderOptions}.
 * @returns The archive.
 * @throws {InvalidBotFolderError} The folder cannot be read, or holds what does not belong in an archive.
 */
export async function zipFolder(
  folder: string,
  { compress = true, onProgress, signal }: ZipFolderOptions = {},
): Promise<ZippedFolder> {
  signal?.throwIfAborted();
  const { items, ...listing } = await listFolder(folder, signal);
  const totalBytes = items.reduce((sum, { size }) => sum + size, 0);
  const packer = new Packer(compress);
  const tell = () => onProgress?.({ doneBytes: packer.doneBytes, totalBytes, items: items.length });
  tell();
  let turn = performance.now();
  for (const item of items) {
    await packer.add(item);
    if (performance.now() - turn < TURN_MS) continue;
    tell();
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    turn = performance.now();
  }
  tell();
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
  readonly #content = createHash("sha256");
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
    const { name, path, executable, size } = item;
    const isFolder = name.endsWith("/");
    const packed = isFolder
      ? EMPTY
      : size > WHOLE_BYTES
      ? await readable(path, () => this.#packLarge(path))
      : this.#pack(await readable(path, () => Promise.resolve(Deno.readFileSync(path))));
    const entry = new PackedEntry(name, packed);
    entry.attrs = (isFolder ? 0o040755 : executable ? 0o100755 : 0o100644) << 16;
    this.#zip.add(entry);
    entry.write();
    this.doneBytes += packed.size;
    this.#content.update(JSON.stringify([name, executable && !isFolder, packed.sha256]));
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
    return { archive, contentHash: this.#content.digest("hex") };
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

/** An entry whose data is packed already; fflate writes what stands around it. */
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
    // What is pushed from outside is not counted by the base class.
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
