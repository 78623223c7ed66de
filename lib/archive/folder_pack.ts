/**
 * A folder that is hashed and packed.
 *
 * @module
 */

import { InvalidBotFolderError, messageOf } from "../errors.ts";
import { ArchiveWriter, hashedEntry } from "./archive_writer.ts";
import { contentHashOf, type HashedEntry } from "./content_hash.ts";
import { type FolderItem, type FolderListing, listFolder } from "./list_folder.ts";
import { isSettled, type KeptFile, type KeptPack, type PackCache } from "./pack_cache.ts";
import { type PackedFile, packFile, type PackMode } from "./pack_file.ts";
import { PackThreads } from "./pack_threads.ts";
import type { ZipFolderOptions, ZippedFolder } from "./zip_folder.ts";

/** Longest time before other work gets a turn, in ms. */
const MAX_TURN_MS = 50;
/** Shortest time between two reports of progress, in ms. */
const REPORT_MS = 100;
/** Size from which threads are worth their start, and from which packed files are kept, in bytes. */
const LARGE_BYTES = 4 * 1024 ** 2;
const NOTHING = new Uint8Array(0);

/** Where {@linkcode FolderPack} finds the files that it packed before. */
export interface PackMemory {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Keeps what is packed. */
  readonly cache: PackCache;
  /** The result of the packing before. */
  readonly before: KeptPack | undefined;
  /** When the folder was listed, in ms since 1970. */
  readonly listedAt: number;
}

/**
 * Knows what a folder holds, and reads its files when asked to. Large folders are read in several threads, and files
 * that were packed before and have not changed are not read again.
 */
export class FolderPack implements Disposable {
  /** The files that go into the archive, and those that are left out. */
  readonly listing: FolderListing;
  readonly #totalBytes: number;
  readonly #threads = new PackThreads();
  readonly #memory: PackMemory | undefined;
  #packed: { readonly archive: Uint8Array<ArrayBuffer>; readonly files: Map<string, KeptFile> } | undefined;
  #keeping: Promise<void> | undefined;

  /**
   * @param listing The folder.
   * @param memory The files that were packed before. @default {every file is read}
   */
  constructor(listing: FolderListing, memory?: PackMemory) {
    this.listing = listing;
    this.#memory = memory;
    this.#totalBytes = listing.items.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Lists a folder.
   *
   * @param folder Path of the folder.
   * @param signal Cancels the call.
   * @param cache Keeps what is packed. @default {nothing is kept}
   * @throws {InvalidBotFolderError} If the folder cannot be read, or contains something that cannot be packed.
   */
  static async open(folder: string, signal?: AbortSignal, cache?: PackCache): Promise<FolderPack> {
    signal?.throwIfAborted();
    const listedAt = Date.now();
    const [listing, before] = await Promise.all([listFolder(folder, signal), cache?.find(folder)]);
    return new FolderPack(listing, cache && { folder, cache, before, listedAt });
  }

  /**
   * Hashes the folder, which is far less work than packing it.
   *
   * @param signal Cancels the call.
   * @returns The hash of its content, as {@linkcode zip} computes it.
   * @throws {InvalidBotFolderError} If a file cannot be read.
   */
  async contentHash(signal?: AbortSignal): Promise<string> {
    const entries: HashedEntry[] = [];
    for await (const [item, file] of this.#read("hash", signal)) {
      entries.push(hashedEntry(item, file?.sha256 ?? ""));
    }
    return contentHashOf(entries);
  }

  /**
   * Packs the folder.
   *
   * @param options See {@linkcode ZipFolderOptions}.
   * @throws {InvalidBotFolderError} If a file cannot be read, or the archive becomes too large.
   */
  async zip({ compress = true, onProgress, signal }: ZipFolderOptions = {}): Promise<ZippedFolder> {
    const { items, ...rest } = this.listing;
    const writer = new ArchiveWriter();
    let [doneBytes, reportedAt] = [0, performance.now()];
    const report = () => onProgress?.({ doneBytes, totalBytes: this.#totalBytes, items: items.length });
    report();
    const files = new Map<string, KeptFile>();
    for await (const [item, file] of this.#read(compress ? "compress" : "store", signal)) {
      const at = writer.add(item, file);
      if (file) files.set(item.name, keptFile(item, file, at));
      doneBytes += file?.size ?? 0;
      if (performance.now() - reportedAt < REPORT_MS) continue;
      report();
      reportedAt = performance.now();
    }
    report();
    const finished = writer.finish();
    if (compress) this.#packed = { archive: finished.archive, files };
    return { ...finished, ...rest };
  }

  /** Keeps what was packed in the cache, once. Never fails: without it, the next packing takes longer. */
  keep(): Promise<void> {
    return this.#keeping ??= this.#keep();
  }

  /** Ends its threads. */
  [Symbol.dispose](): void {
    this.#threads[Symbol.dispose]();
  }

  async #keep(): Promise<void> {
    if (!this.#packed || !this.#memory || this.#totalBytes < LARGE_BYTES) return;
    const { folder, cache, listedAt } = this.#memory;
    const { archive, files } = this.#packed;
    for (const item of this.listing.items) if (!isSettled(item, listedAt)) files.delete(item.name);
    await cache.keep(folder, archive, files);
  }

  /** Reads the files. A folder has no data. */
  async *#read(mode: PackMode, signal?: AbortSignal): AsyncGenerator<[FolderItem, PackedFile | undefined]> {
    const { items } = this.listing;
    const known = await this.#known(mode);
    signal?.throwIfAborted();
    const files = items.filter((item) => isFile(item) && !known(item));
    const packed = files.reduce((sum, { size }) => sum + size, 0) < LARGE_BYTES
      ? packHere(files, mode, signal)
      : this.#threads.pack(files, mode, signal);
    try {
      for (const item of items) {
        yield [item, isFile(item) ? known(item) ?? (await packed.next()).value! : undefined];
      }
    } finally {
      await packed.return(undefined);
    }
  }

  /** Finds the files that need not be read. */
  async #known(mode: PackMode): Promise<(item: FolderItem) => PackedFile | undefined> {
    const before = this.#memory?.before;
    if (!before || mode === "store" || (mode === "compress" && !await before.load())) return () => undefined;
    const dataOf = (kept: KeptFile) => mode === "hash" ? NOTHING : before.dataOf(kept);
    return (item) => {
      const kept = before.find(item);
      return kept && { ...kept, data: dataOf(kept) };
    };
  }
}

function keptFile({ stamp }: FolderItem, { data, ...file }: PackedFile, at: number): KeptFile {
  return { ...file, stamp, at, length: data.length };
}

function isFile({ name }: FolderItem): boolean {
  return !name.endsWith("/");
}

async function* packHere(
  files: readonly FolderItem[],
  mode: PackMode,
  signal?: AbortSignal,
): AsyncGenerator<PackedFile, undefined> {
  let turn = performance.now();
  for (const file of files) {
    yield await readable(file.path, () => packFile(file, mode));
    if (performance.now() - turn < MAX_TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    turn = performance.now();
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot read '${path}': ${messageOf(error)}.`, { cause: error });
  }
}
