/**
 * Packs a folder into a ZIP archive.
 *
 * @module
 */

import { FolderPack } from "./folder_pack.ts";
import type { IgnoreFile } from "./ignore_rules.ts";

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
  options: ZipFolderOptions = {},
): Promise<ZippedFolder> {
  using pack = await FolderPack.open(folder, options.signal);
  return await pack.zip(options);
}
