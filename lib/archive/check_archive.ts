/**
 * Makes every check of an extraction without extracting, synchronously, in a worker of `ExtractionPool`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { checkAround, openArchive } from "./archive_file.ts";
import { contentHashOf, type HashedEntry } from "./content_hash.ts";
import { decodeZipEntry } from "./decode_zip_entry.ts";
import type { ExtractArchiveHooks, ExtractedArchive } from "./extract_archive.ts";
import { type ArchiveRules, type ArchiveSource, inspectArchive } from "./inspect_archive.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Options of {@linkcode checkArchive}. */
export interface CheckArchiveOptions extends ArchiveRules {
  /** Absolute path of the ZIP archive. */
  readonly archivePath: string;
}

/** An archive that would be extracted. */
export interface CheckedArchive extends ExtractedArchive {
  /** SHA-256 of names, modes and contents, as of `zipFolder()`, in hexadecimal digits. */
  readonly contentHash: string;
}

/**
 * Checks an archive: its list of entries, every header, size and checksum.
 *
 * @param options The archive and the rules.
 * @param hooks Follow and stop the work.
 * @returns Number and size of the files, and the hash of the content.
 * @throws {InvalidArchiveError} If the archive is refused.
 * @throws {BerthError} If the archive cannot be read (`archive/io`).
 */
export function checkArchive(
  options: CheckArchiveOptions,
  { checkpoint }: Pick<ExtractArchiveHooks, "checkpoint"> = {},
): CheckedArchive {
  using source = openArchive(options.archivePath);
  const { end, entries } = inspectArchive(source, options);
  const hashed = entries.map((entry, index): HashedEntry => {
    const start = checkAround(source, entry, entries[index + 1]?.offset ?? end.directoryOffset);
    checkpoint?.();
    const sha256 = hashEntry(source, entry, start, checkpoint);
    return entry.isFolder
      ? { name: `${entry.path}/`, isExecutable: false, sha256: "" }
      : { name: entry.path, isExecutable: entry.isExecutable, sha256 };
  });
  const files = entries.filter(({ isFolder }) => !isFolder);
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    contentHash: contentHashOf(hashed),
  };
}

function hashEntry(
  source: ArchiveSource,
  entry: ZipEntry,
  start: number,
  checkpoint: (() => void) | undefined,
): string {
  const hash = createHash("sha256");
  decodeZipEntry(entry, {
    start,
    read: source.read,
    write(chunk) {
      checkpoint?.();
      hash.update(chunk);
    },
  });
  return hash.digest("hex");
}
