/**
 * A tree: the extracted code of one archive, shared by all of its starts.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { escapeZipEntryName } from "../archive/zip_entry_name.ts";
import { missingScript } from "../archive/missing_script.ts";
import type { TreeManifest } from "../archive/tree_manifest.ts";

/** A tree on disk. It never changes. */
export interface CodeTree {
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
  /** Absolute path of the folder that holds the tree, its manifest and its bytecode. */
  readonly folder: string;
  /** Absolute path of the tree itself. */
  readonly path: string;
  /** Absolute path of a folder with default files, which files of the tree override. */
  readonly base: string;
  /** Its files and folders. */
  readonly manifest: TreeManifest;
}

/** Returns the size of the files of a tree in bytes. @param tree The tree. */
export function treeBytes({ manifest: { files } }: Pick<CodeTree, "manifest">): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Finds a script in a tree, also if its name differs in Unicode normalization: some systems pack `ü` as two characters.
 *
 * @param manifest Manifest of the tree.
 * @param script Path of the script, as in the document.
 * @returns Its path in the tree.
 * @throws {InvalidArchiveError} If the tree has no such file (`missing-script`).
 */
export function findScript({ files }: TreeManifest, script: string): string {
  const found = files.find(({ path }) => path === script) ??
    files.find(({ path }) => path.normalize() === script.normalize());
  if (found) return found.path;
  const message = missingScript(script, files.map(({ path }) => path));
  throw new InvalidArchiveError("missing-script", message, escapeZipEntryName(script));
}
