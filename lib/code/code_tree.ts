/**
 * A tree: the extracted code of one archive, which every start of it shares.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { escapeZipEntryName } from "../archive/zip_entry_name.ts";
import { missingScript } from "../archive/missing_script.ts";
import type { TreeManifest } from "../archive/tree_manifest.ts";

/** A tree on disk. Nothing ever writes to it again. */
export interface CodeTree {
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
  /** Absolute path of the folder that holds the tree and what belongs to it. */
  readonly folder: string;
  /** Absolute path of the tree itself. */
  readonly path: string;
  /** Absolute path of a folder with what stands below the tree: files that a tree may have of its own. */
  readonly base: string;
  /** What is in it. */
  readonly manifest: TreeManifest;
}

/**
 * Finds a script in a tree. A name that differs in its Unicode normalisation only is found: some systems pack `ü` as
 * two characters.
 *
 * @param manifest What is in the tree.
 * @param script Path of the script, as its document has it.
 * @returns Its path, as the tree has it.
 * @throws {InvalidArchiveError} If the tree has no such file (`missing-script`).
 */
export function findScript({ files }: TreeManifest, script: string): string {
  const found = files.find(({ path }) => path === script) ??
    files.find(({ path }) => path.normalize() === script.normalize());
  if (found) return found.path;
  const message = missingScript(script, files.map(({ path }) => path));
  throw new InvalidArchiveError("missing-script", message, escapeZipEntryName(script));
}
