/**
 * Measures what a stranger has written into a folder.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";

/** What a folder holds. */
export interface TreeSize {
  /** Bytes on the disk. Each entry counts as {@linkcode ENTRY_BYTES} at least, because it takes an inode. */
  readonly bytes: number;
  /** The largest file, with its path relative to the folder; absent when there is no file. */
  readonly largest?: { readonly path: string; readonly bytes: number };
  /** How long the file system was busy with the answer, in ms. */
  readonly busyMs: number;
}

/** Options of {@linkcode measureTree}. */
export interface MeasureTreeOptions {
  /** The measurement ends early above so many bytes. */
  readonly enoughBytes: number;
  /** Ends the measurement. */
  readonly signal?: AbortSignal;
}

/** The least that an entry counts, in bytes. */
export const ENTRY_BYTES = 4096;
const BLOCK_BYTES = 512;
/** One turn of the event loop is used for so long at most, in ms. */
const SLICE_MS = 5;
/** After a slice the disk and the event loop are left alone for so many times as long. */
const PAUSE_FACTOR = 9;

/**
 * A folder's own file of so many bytes lists some hundred thousand entries: reading it would block this process, and
 * take its memory. Such a folder counts by the size of that file.
 */
const MAX_LIST_BYTES = 32 * 1024 * 1024;
/** What an entry takes of that file, in bytes. */
const LISTED_BYTES = 32;

/**
 * Measures a folder, which may change meanwhile. Links are not followed. Whatever cannot be read counts as one entry.
 *
 * The calls are synchronous, because that is twenty times cheaper, and come in short slices.
 *
 * @param root Absolute path of the folder. A folder that is not there is empty.
 * @param options See {@linkcode MeasureTreeOptions}.
 */
export async function measureTree(
  root: string,
  { enoughBytes, signal }: MeasureTreeOptions,
): Promise<TreeSize> {
  const inodes = new Set<string>();
  const pending = [""];
  let largest: TreeSize["largest"];
  let bytes = 0;
  let busyMs = 0;
  let sliceBeganMs = performance.now();
  const endSlice = () => {
    const sliceMs = performance.now() - sliceBeganMs;
    busyMs += sliceMs;
    return sliceMs;
  };
  for (let folder = pending.pop(); folder !== undefined && bytes <= enoughBytes; folder = pending.pop()) {
    for (const { name, isDirectory } of entriesOf(`${root}/${folder}`)) {
      const path = `${folder}${name}`;
      const entry = measureEntry(`${root}/${path}`, inodes);
      bytes += entry.bytes;
      if (isDirectory && entry.isReadable) pending.push(`${path}/`);
      if (!isDirectory && entry.bytes > (largest?.bytes ?? 0)) largest = { path, bytes: entry.bytes };
      if (bytes > enoughBytes) break;
      if (performance.now() - sliceBeganMs < SLICE_MS) continue;
      await delay(endSlice() * PAUSE_FACTOR, undefined, { ...(signal && { signal }) });
      sliceBeganMs = performance.now();
    }
  }
  endSlice();
  return { bytes, ...(largest && { largest }), busyMs };
}

function* entriesOf(folder: string): Iterable<Deno.DirEntry> {
  try {
    yield* Deno.readDirSync(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}

function measureEntry(path: string, inodes: Set<string>): { bytes: number; isReadable: boolean } {
  try {
    const { blocks, size, nlink, dev, ino, isFile, isDirectory } = Deno.lstatSync(path);
    if (isDirectory && size > MAX_LIST_BYTES) {
      return { bytes: size / LISTED_BYTES * ENTRY_BYTES, isReadable: false };
    }
    if (isFile && (nlink ?? 1) > 1) {
      const inode = `${dev}:${ino}`;
      if (inodes.has(inode)) return { bytes: ENTRY_BYTES, isReadable: true };
      inodes.add(inode);
    }
    const bytes = blocks === null ? size : blocks * BLOCK_BYTES;
    return { bytes: Math.max(ENTRY_BYTES, bytes), isReadable: true };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { bytes: ENTRY_BYTES, isReadable: false };
  }
}
