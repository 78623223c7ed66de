/**
 * Checks an archive by its list of entries. Packing and extracting share these checks, so that neither refuses what the
 * other accepts.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./archive_limits.ts";
import { parseZipDirectory, type ZipEntry } from "./zip_directory.ts";
import { findZipEnd, ZIP_TAIL_BYTES, type ZipEnd } from "./zip_end.ts";
import { checkZipPaths } from "./zip_paths.ts";

/** An archive that can be read at any position. */
export interface ArchiveSource {
  /** Size in bytes. */
  readonly size: number;
  /** Reads at most 256 KiB, which stay valid until the next call. Returns fewer bytes only at the end of the archive. */
  read(position: number, length: number): Uint8Array;
}

/** Rules that an archive must meet. */
export interface ArchiveRules {
  /** Limits on the content. @default {DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: Partial<ArchiveLimits>;
  /** Paths that entries must not have or lie under. @default {[]} */
  readonly reservedNames?: readonly string[];
  /** Files that the archive must contain. @default {[]} */
  readonly requiredFiles?: readonly string[];
}

/** The list of entries. */
export interface InspectedArchive {
  /** Position of the list. */
  readonly end: ZipEnd;
  /** The entries in the order of their data. */
  readonly entries: readonly ZipEntry[];
  /** Folders to create, parents first. */
  readonly folders: readonly string[];
}

/** Longest list of entries, in bytes, whatever the limit on entries. */
const MAX_DIRECTORY_BYTES = 64 * 1024 ** 2;

/**
 * Reads and checks the list of entries.
 *
 * @param source The archive.
 * @param rules See {@linkcode ArchiveRules}.
 * @returns The entries.
 * @throws {InvalidArchiveError} If the archive is refused.
 */
export function inspectArchive(source: ArchiveSource, rules: ArchiveRules = {}): InspectedArchive {
  const limits: ArchiveLimits = { ...DEFAULT_ARCHIVE_LIMITS, ...rules.limits };
  const end = readEnd(source);
  const entries = parseZipDirectory(readDirectory(source, end, limits), end, limits);
  const folders = checkZipPaths(entries, {
    reservedNames: rules.reservedNames ?? [],
    requiredFiles: rules.requiredFiles ?? [],
    maxEntries: limits.maxEntries,
  });
  return { end, entries, folders };
}

/**
 * Makes an archive in memory readable.
 *
 * @param bytes The archive.
 */
export function archiveInMemory(bytes: Uint8Array): ArchiveSource {
  return {
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  };
}

function readEnd(source: ArchiveSource): ZipEnd {
  const length = Math.min(source.size, ZIP_TAIL_BYTES);
  const tail = source.read(source.size - length, length).slice();
  return findZipEnd(tail, source.size, source.read(0, Math.min(source.size, 4)));
}

function readDirectory(source: ArchiveSource, end: ZipEnd, limits: ArchiveLimits): Uint8Array {
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

/** Creates the error of an archive that ends too early. */
export function truncated(): InvalidArchiveError {
  return new InvalidArchiveError("truncated", "The archive is truncated. Upload it again, whole.");
}
