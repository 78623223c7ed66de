/**
 * Extracts a ZIP archive safely, synchronously: it runs in a worker of {@linkcode ArchiveExtractor}.
 *
 * @module
 */
import { messageOf } from "../message_of.ts";
import { archiveIoError } from "./archive_io_error.ts";
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./archive_limits.ts";
import { decodeZipEntry } from "./decode_zip_entry.ts";
import { BerthError, InvalidArchiveError } from "../errors.ts";
import { ExtractionTarget } from "./extraction_target.ts";
import type { FileOwner } from "../file_owner.ts";
import { FileWindow } from "./file_window.ts";
import { parseZipDirectory, type ZipEntry } from "./zip_directory.ts";
import { findZipEnd, ZIP_TAIL_BYTES, type ZipEnd } from "./zip_end.ts";
import {
  checkAfterData,
  checkLocalHeader,
  LOCAL_HEADER_BYTES,
  localHeaderSize,
  MAX_DESCRIPTOR_BYTES,
} from "./zip_local_header.ts";
import { checkZipPaths } from "./zip_paths.ts";

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

/** A directory this long is no list of names any more, whatever the limit on entries. */
const MAX_DIRECTORY_BYTES = 64 * 1024 ** 2;

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
  const source: Source = {
    size: archive.size,
    read: (position, length) => readable(options.archivePath, () => archive.read(position, length)),
  };
  const end = readEnd(source);
  const entries = parseZipDirectory(readDirectory(source, end, limits), end, limits);
  const folders = checkZipPaths(entries, {
    reservedNames: options.reservedNames ?? [],
    requiredFiles: options.requiredFiles ?? [],
    maxEntries: limits.maxEntries,
  });
  hooks.checkpoint?.();
  const target = new ExtractionTarget(options.destination, options.owner);
  target.open();
  try {
    hooks.started?.(target.created);
    for (const folder of folders) {
      hooks.checkpoint?.();
      target.addFolder(folder);
    }
    entries.forEach((entry, index) => {
      extractEntry(source, entry, entries[index + 1]?.offset ?? end.directoryOffset, target, hooks);
    });
    target.finish(folders);
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

interface Source {
  readonly size: number;
  read(position: number, length: number): Uint8Array;
}

function readEnd(source: Source): ZipEnd {
  const length = Math.min(source.size, ZIP_TAIL_BYTES);
  const tail = source.read(source.size - length, length).slice();
  return findZipEnd(tail, source.size, source.read(0, Math.min(source.size, 4)));
}

function readDirectory(source: Source, end: ZipEnd, limits: ArchiveLimits): Uint8Array {
  if (end.directorySize > MAX_DIRECTORY_BYTES) {
    throw new InvalidArchiveError(
      "too-large",
      `The archive's list of entries has ${end.directorySize} bytes, more than ${MAX_DIRECTORY_BYTES}. Pack fewer files.`,
    );
  }
  // One entry too many is refused by the number alone: the list is not worth reading then.
  const bytes = new Uint8Array(end.entries > limits.maxEntries ? 0 : end.directorySize);
  for (let at = 0; at < bytes.length;) {
    const piece = source.read(end.directoryOffset + at, Math.min(64 * 1024, bytes.length - at));
    if (piece.length === 0) throw truncated();
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function extractEntry(
  source: Source,
  entry: ZipEntry,
  next: number,
  target: ExtractionTarget,
  hooks: ExtractArchiveHooks,
): void {
  hooks.checkpoint?.();
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
  using file = entry.folder ? undefined : target.createFile(entry.path, entry.executable);
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
    throw archiveIoError(`read the archive '${path}'`, error);
  }
}

function truncated(): InvalidArchiveError {
  return new InvalidArchiveError("truncated", "The archive is truncated. Upload it again, whole.");
}
