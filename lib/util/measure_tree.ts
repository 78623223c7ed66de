/**
 * Measures folders with untrusted content.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";

/** Size of a folder's content. */
export interface TreeSize {
  /** Bytes on the disk. Each entry counts at least {@linkcode ENTRY_BYTES}, because it takes an inode. */
  readonly bytes: number;
  /** The largest file, with its path relative to the folder; absent if there is no file. */
  readonly largest?: { readonly path: string; readonly bytes: number };
  /** Whether some entries cannot be looked at: their names are not UTF-8, or their paths are too long for a call. */
  readonly hidden?: true;
  /** Time that the file system took to answer, in ms. */
  readonly busyMs: number;
}

/** Options of {@linkcode measureTree}. */
export interface MeasureTreeOptions {
  /** Size at which the measurement ends early, in bytes. */
  readonly enoughBytes: number;
  /** Cancels the measurement. */
  readonly signal?: AbortSignal;
}

/** Smallest size that an entry counts, in bytes. */
export const ENTRY_BYTES = 4096;
const BLOCK_BYTES = 512;
/** Stands for bytes of a name that are not UTF-8. */
const REPLACEMENT = "\uFFFD";
/** Longest use of one turn of the event loop, in ms. */
const SLICE_MS = 5;
/** Length of the pause after a slice, as a multiple of the slice, which leaves disk and event loop to others. */
const PAUSE_FACTOR = 9;

/**
 * Size in bytes from which a folder's own file is not read: it lists some hundred thousand entries, and reading them would
 * block this process and take its memory. Such a folder counts by the size of that file.
 */
const MAX_LIST_BYTES = 32 * 1024 * 1024;
/** Size of an entry in that file, in bytes. */
const LISTED_BYTES = 32;

/**
 * Measures a folder, which may change meanwhile. Does not follow links. An entry that cannot be read counts as one entry.
 *
 * Uses synchronous calls in short slices, because they are twenty times cheaper.
 *
 * @param root Absolute path of the folder. A missing folder counts as empty.
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
  let isHidden = false;
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
      isHidden ||= entry.isHidden === true;
      if (isDirectory && entry.isReadable) pending.push(`${path}/`);
      if (!isDirectory && entry.bytes > (largest?.bytes ?? 0)) largest = { path, bytes: entry.bytes };
      if (bytes > enoughBytes) break;
      if (performance.now() - sliceBeganMs < SLICE_MS) continue;
      await delay(endSlice() * PAUSE_FACTOR, undefined, { ...(signal && { signal }) });
      sliceBeganMs = performance.now();
    }
  }
  endSlice();
  return { bytes, ...(largest && { largest }), ...(isHidden && { hidden: true }), busyMs };
}

function* entriesOf(folder: string): Iterable<Deno.DirEntry> {
  try {
    yield* Deno.readDirSync(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}

function measureEntry(
  path: string,
  inodes: Set<string>,
): { bytes: number; isReadable: boolean; isHidden?: boolean } {
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
    return { bytes: ENTRY_BYTES, isReadable: false, isHidden: isHiding(path, error) };
  }
}

/** Whether an entry may be there, though it cannot be looked at. Any other one has been removed meanwhile. */
function isHiding(path: string, error: unknown): boolean {
  return path.includes(REPLACEMENT) || (error as { code?: string }).code === "ENAMETOOLONG";
}
