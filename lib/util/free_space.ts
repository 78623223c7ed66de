/**
 * Reads how much room a file system has.
 *
 * @module
 */

import { statfs } from "node:fs/promises";

/** Free space of a file system. */
export interface FreeSpace {
  /** Bytes that this process may still write. */
  readonly bytes: number;
  /** Files that can still be created. */
  readonly inodes: number;
}

/**
 * Reads the free space of the file system that holds a path.
 *
 * @param path Absolute path that exists.
 * @throws {Deno.errors.NotCapable} Without the permission `--allow-sys=statfs`.
 */
export async function freeSpaceAt(path: string): Promise<FreeSpace> {
  const { bavail, bsize, ffree } = await statfs(path);
  return { bytes: bavail * bsize, inodes: ffree };
}
