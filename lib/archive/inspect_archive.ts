/**
 * The checks of an archive that need nothing but its list of entries. Packing and extracting share them, so that
 * what one accepts the other does not refuse.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./archive_limits.ts";
import { parseZipDirectory, type ZipEntry } from "./zip_directory.ts";
import { findZipEnd, ZIP_TAIL_BYTES, type ZipEnd } from "./zip_end.ts";
import { checkZipPaths } from "./zip_paths.ts";

/** An archive that is read by position. */
export interface ArchiveSource {
  /** Its size in bytes. */
  readonly size: number;
  /** Reads at most 256 KiB, fewer bytes only where the archive ends; they are valid until the next call. */
  read(position: number, length: number): Uint8Array;
}

/** What an archive is checked against. */
export interface ArchiveRules {
  /** How much it may hold. @default {DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: Partial<ArchiveLimits>;
  /** Paths that no entry may have, nor lie under. @default {[]} */
  readonly reservedNames?: readonly string[];
  /** Files that must be in it. @default {[]} */
  readonly requiredFiles?: readonly string[];
}

/** What the list of entries says. */
export interface InspectedArchive {
  /** Where the list is. */
  readonly end: ZipEnd;
  /** The entries in the order of their data. */
  readonly entries: readonly ZipEntry[];
  /** Every folder to create, each after the folder it lies in. */
  readonly folders: readonly string[];
}

/** A directory this long is no list of names any more, whatever the limit on entries. */
const MAX_DIRECTORY_BYTES = 64 * 1024 ** 2;

/**
 * Reads and checks the list of entries.
 *
 * @param source The archive.
 * @param rules What it is checked against.
 * @returns What the list says.
 * @throws {InvalidArchiveError} The archive was refused.
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
 * An archive in memory.
 *
 * @param bytes The archive.
 * @returns Reads it.
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

/** The error about an archive that ends too early. */
export function truncated(): InvalidArchiveError {
  return new InvalidArchiveError("truncated", "The archive is truncated. Upload it again, whole.");
}
