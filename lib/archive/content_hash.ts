/**
 * Identifies the content of an archive, however it is packed.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** A file or folder of an archive. */
export interface HashedEntry {
  /** Path in the archive; that of a folder ends with `/`. */
  readonly name: string;
  /** Whether it is an executable file. */
  readonly isExecutable: boolean;
  /** SHA-256 of its content in hexadecimal digits; empty for a folder. */
  readonly sha256: string;
}

/**
 * Hashes names, modes and contents. Neither compression nor the order of the entries matters.
 *
 * @param entries Every file and folder.
 * @returns SHA-256 in hexadecimal digits.
 */
export function contentHashOf(entries: readonly HashedEntry[]): string {
  const hash = createHash("sha256");
  for (const { name, isExecutable, sha256 } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([name, isExecutable, sha256]));
  }
  return hash.digest("hex");
}
