/**
 * Extracts a ZIP archive safely, synchronously: it runs in a worker of {@linkcode ArchiveExtractor}.
 *
 * @module
 */

import { diskError, type FileOwner } from "../util/files.ts";
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./archive_limits.ts";
import { type ArchiveSource, inspectArchive, truncated } from "./inspect_archive.ts";
import { decodeZipEntry } from "./decode_zip_entry.ts";
import { BerthError, InvalidArchiveError, messageOf } from "../errors.ts";
import { ExtractionTarget, PRIVATE_MODES, SHARED_MODES } from "./extraction_target.ts";
import { FileWindow } from "./file_window.ts";
import { type TreeLocation, TreeWriter } from "./tree_writer.ts";
import type { ZipEntry } from "./zip_directory.ts";
import {
  checkAfterData,
  checkLocalHeader,
  LOCAL_HEADER_BYTES,
  localHeaderSize,
  MAX_DESCRIPTOR_BYTES,
} from "./zip_local_header.ts";

/** What to extract, and where to. */
export interface ExtractArchiveOptions {
  /** The ZIP archive: an absolute path. */
  readonly archivePath: string;
  /** The folder to extract to: an absolute path to nothing, or to an empty folder. Its mode becomes 0700. */
  readonly destination: string;
  /** How much the archive may hold. @default {DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: Partial<ArchiveLimits>;
  /** Paths that no entry may have, nor lie under. @default {[]} */
  readonly reservedNames?: readonly string[];
  /** Files that must be in the archive. @default {[]} */
  readonly requiredFiles?: readonly string[];
  /** Who shall own the destination and all in it. @default {the user of this process} */
  readonly owner?: FileOwner;
  /** Makes a tree that several share. @default {a folder of its own} */
  readonly shared?: SharedTreeOptions;
}

/** How a tree that several share is made. */
export interface SharedTreeOptions {
  /** Absolute path of the file to write the list of its files to. */
  readonly manifest: string;
  /** Trees whose files are linked where they have the same content. */
  readonly donors: readonly TreeLocation[];
}

/** What was extracted. */
export interface ExtractedArchive {
  /** Number of files, folders not counted. */
  readonly files: number;
  /** Their size together, in bytes. */
  readonly bytes: number;
}

/** Ways to follow and to stop an extraction that runs synchronously. */
export interface ExtractArchiveHooks {
  /** Called once the destination is accepted; from then on whatever is in it comes from this extraction. */
  started?(created: boolean): void;
  /** Called between any two pieces of work; stops the extraction by throwing. */
  checkpoint?(): void;
}

/**
 * Extracts an archive. All that its directory tells is checked before anything is written, everything else while it
 * is read; on any failure what was written is removed.
 *
 * @param options What to extract, and where to.
 * @param hooks Ways to follow and to stop it.
 * @returns What was extracted.
 * @throws {InvalidArchiveError} The archive was refused.
 * @throws {BerthError} The archive cannot be read, or the destination not be written (`archive/io`).
 */
export function extractArchive(
  options: ExtractArchiveOptions,
  hooks: ExtractArchiveHooks = {},
): ExtractedArchive {
  const limits: ArchiveLimits = { ...DEFAULT_ARCHIVE_LIMITS, ...options.limits };
  using archive = readable(options.archivePath, () => new FileWindow(options.archivePath));
  const source: ArchiveSource = {
    size: archive.size,
    read: (position, length) => readable(options.archivePath, () => archive.read(position, length)),
  };
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
    hooks.started?.(target.created);
    for (const folder of folders) {
      hooks.checkpoint?.();
      target.addFolder(folder);
    }
    entries.forEach((entry, index) => {
      const next = entries[index + 1]?.offset ?? end.directoryOffset;
      const start = checkAround(source, entry, next);
      hooks.checkpoint?.();
      if (entry.folder) extractEntry(source, entry, start, undefined, hooks);
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
  const files = entries.filter((entry) => !entry.folder);
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

/** Checks what stands around the data of an entry. @returns Where the data begins. */
function checkAround(source: ArchiveSource, entry: ZipEntry, next: number): number {
  const fixed = source.read(entry.offset, LOCAL_HEADER_BYTES);
  if (fixed.length < LOCAL_HEADER_BYTES) throw truncated();
  const headerSize = localHeaderSize(fixed, entry);
  const start = entry.offset + headerSize;
  const dataEnd = start + entry.compressedSize;
  const header = source.read(entry.offset, headerSize);
  if (header.length < headerSize) throw truncated();
  checkLocalHeader(header, entry);
  // Many entries that share one piece of data are the bomb that no ratio shows.
  if (dataEnd > next) {
    throw new InvalidArchiveError(
      "corrupt",
      `The archive is corrupt: the data of '${entry.label}' overlaps what follows it. Pack it again.`,
      entry.label,
    );
  }
  checkAfterData(source.read(dataEnd, Math.min(next - dataEnd, MAX_DESCRIPTOR_BYTES + 1)), entry);
  return start;
}

function extractEntry(
  source: ArchiveSource,
  entry: ZipEntry,
  start: number,
  target: ExtractionTarget | undefined,
  hooks: ExtractArchiveHooks,
): void {
  using file = target?.createFile(entry.path, entry.executable);
  decodeZipEntry(entry, {
    start,
    read: source.read,
    write(chunk) {
      hooks.checkpoint?.();
      file?.write(chunk);
    },
  });
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw diskError(`read the archive '${path}'`, error);
  }
}
