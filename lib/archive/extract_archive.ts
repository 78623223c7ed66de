/**
 * Extracts a ZIP archive safely and synchronously, in a worker of `ExtractionPool`.
 *
 * @module
 */

import type { FileOwner } from "../util/files.ts";
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./archive_limits.ts";
import { checkAround, openArchive } from "./archive_file.ts";
import { type ArchiveSource, inspectArchive } from "./inspect_archive.ts";
import { decodeZipEntry } from "./decode_zip_entry.ts";
import { BerthError, messageOf } from "../errors.ts";
import { ExtractionTarget, PRIVATE_MODES, SHARED_MODES } from "./extraction_target.ts";
import { isElf } from "./program_head.ts";
import { type TreeLocation, TreeWriter } from "./tree_writer.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Options of {@linkcode extractArchive}. */
export interface ExtractArchiveOptions {
  /** Absolute path of the ZIP archive. */
  readonly archivePath: string;
  /** Absolute path of the folder to extract to, which must be empty or not exist. Its mode becomes 0700. */
  readonly destination: string;
  /** Limits on the content. @default {DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: Partial<ArchiveLimits>;
  /** Paths that entries must not have or lie under. @default {[]} */
  readonly reservedNames?: readonly string[];
  /** Files that the archive must contain. @default {[]} */
  readonly requiredFiles?: readonly string[];
  /** Owner of the destination and its content. @default {the user of this process} */
  readonly owner?: FileOwner;
  /** Makes a tree that several containers share. @default {a private folder} */
  readonly shared?: SharedTreeOptions;
}

/** Options of a tree that several containers share. */
export interface SharedTreeOptions {
  /** Absolute path of the manifest to write. */
  readonly manifest: string;
  /** Trees whose files may be linked instead of extracted, if the content is the same. */
  readonly donors: readonly TreeLocation[];
}

/** Number and size of extracted files. */
export interface ExtractedArchive {
  /** Number of files, without folders. */
  readonly files: number;
  /** Size of all files, in bytes. */
  readonly bytes: number;
}

/** Hooks to follow and stop an extraction, which runs synchronously. */
export interface ExtractArchiveHooks {
  /** Called once the destination is accepted. From then on, all of its content comes from this extraction. */
  started?(created: boolean): void;
  /** Called between any two pieces of work; stops the extraction by throwing. */
  checkpoint?(): void;
}

/**
 * Extracts an archive. Checks the central directory before it writes anything, and each entry while it reads it. A failure
 * removes everything that was written.
 *
 * @param options See {@linkcode ExtractArchiveOptions}.
 * @param hooks See {@linkcode ExtractArchiveHooks}.
 * @returns Number and size of the extracted files.
 * @throws {InvalidArchiveError} If the archive is refused.
 * @throws {BerthError} If the archive cannot be read or the destination cannot be written (`archive/io`).
 */
export function extractArchive(
  options: ExtractArchiveOptions,
  hooks: ExtractArchiveHooks = {},
): ExtractedArchive {
  const limits: ArchiveLimits = { ...DEFAULT_ARCHIVE_LIMITS, ...options.limits };
  using source = openArchive(options.archivePath);
  const { end, entries, folders } = inspectArchive(source, { ...options, limits });
  hooks.checkpoint?.();
  const target = new ExtractionTarget(
    options.destination,
    options.owner,
    options.shared ? SHARED_MODES : PRIVATE_MODES,
  );
  const tree = options.shared && new TreeWriter(source, options.shared, target);
  target.open();
  try {
    hooks.started?.(target.isCreated);
    for (const folder of folders) {
      hooks.checkpoint?.();
      target.addFolder(folder);
    }
    entries.forEach((entry, index) => {
      const start = checkAround(source, entry, entries[index + 1]?.offset ?? end.directoryOffset);
      hooks.checkpoint?.();
      if (entry.isFolder) extractEntry(source, entry, start, undefined, hooks);
      else if (!tree?.link(entry, start)) {
        extractEntry(source, entry, start, target, hooks);
        tree?.wrote(entry);
      }
    });
    target.finish(folders);
    tree?.finish(folders);
  } catch (error) {
    removeAfter(error, target);
    throw error;
  }
  const files = entries.filter((entry) => !entry.isFolder);
  return { files: files.length, bytes: files.reduce((sum, entry) => sum + entry.size, 0) };
}

function removeAfter(error: unknown, target: ExtractionTarget): void {
  try {
    target.remove();
  } catch (left) {
    const reasons = [error, left].map(messageOf);
    throw new BerthError("archive/io", reasons.join(" Then: "), { cause: error });
  }
}

function extractEntry(
  source: ArchiveSource,
  entry: ZipEntry,
  start: number,
  target: ExtractionTarget | undefined,
  hooks: ExtractArchiveHooks,
): void {
  using file = target?.createFile(entry.path, entry.isExecutable);
  let isFirst = true;
  decodeZipEntry(entry, {
    start,
    read: source.read,
    write(chunk) {
      hooks.checkpoint?.();
      // Many programs that pack archives do not record who may execute a file.
      if (isFirst && !entry.isExecutable && isElf(chunk)) file?.makeExecutable();
      isFirst = false;
      file?.write(chunk);
    },
  });
}
