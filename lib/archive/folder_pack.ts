/**
 * A folder that is hashed and packed.
 *
 * @module
 */

import { InvalidBotFolderError, messageOf } from "../errors.ts";
import { ArchiveWriter, hashedEntry } from "./archive_writer.ts";
import { contentHashOf, type HashedEntry } from "./content_hash.ts";
import { type FolderItem, type FolderListing, listFolder } from "./list_folder.ts";
import { type PackedFile, packFile, type PackMode } from "./pack_file.ts";
import { PackThreads } from "./pack_threads.ts";
import type { ZipFolderOptions, ZippedFolder } from "./zip_folder.ts";

/** Longest time without a turn for other work, in ms. */
const MAX_TURN_MS = 50;
/** Shortest time between two reports of progress, in ms. */
const REPORT_MS = 100;
/** Size of a folder from which threads are worth their start, in bytes. */
const LARGE_BYTES = 4 * 1024 ** 2;

/** Knows what a folder holds, and reads its files when asked to. Large folders are read in several threads. */
export class FolderPack implements Disposable {
  /** What goes into the archive, and what is left out. */
  readonly listing: FolderListing;
  readonly #totalBytes: number;
  readonly #threads = new PackThreads();

  /** @param listing The folder. */
  constructor(listing: FolderListing) {
    this.listing = listing;
    this.#totalBytes = listing.items.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Lists a folder.
   *
   * @param folder Path of the folder.
   * @param signal Gives up.
   * @throws {InvalidBotFolderError} If the folder cannot be read, or contains something that cannot be packed.
   */
  static async open(folder: string, signal?: AbortSignal): Promise<FolderPack> {
    signal?.throwIfAborted();
    return new FolderPack(await listFolder(folder, signal));
  }

  /**
   * Hashes the folder, which is far less work than packing it.
   *
   * @param signal Gives up.
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
    for await (const [item, file] of this.#read(compress ? "compress" : "store", signal)) {
      writer.add(item, file);
      doneBytes += file?.size ?? 0;
      if (performance.now() - reportedAt < REPORT_MS) continue;
      report();
      reportedAt = performance.now();
    }
    report();
    return { ...writer.finish(), ...rest };
  }

  /** Ends its threads. */
  [Symbol.dispose](): void {
    this.#threads[Symbol.dispose]();
  }

  /** Reads the files. A folder has no data. */
  async *#read(mode: PackMode, signal?: AbortSignal): AsyncGenerator<[FolderItem, PackedFile | undefined]> {
    signal?.throwIfAborted();
    const { items } = this.listing;
    const files = items.filter(isFile);
    const packed = this.#totalBytes < LARGE_BYTES
      ? packHere(files, mode, signal)
      : this.#threads.pack(files, mode, signal);
    try {
      for (const item of items) yield [item, isFile(item) ? (await packed.next()).value! : undefined];
    } finally {
      await packed.return(undefined);
    }
  }
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
