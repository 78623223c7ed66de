/**
 * Reads the central directory of a ZIP archive, and refuses entries that are not safe to extract. Pure.
 *
 * @module
 */

import type { ArchiveLimits } from "./archive_limits.ts";
import { InvalidArchiveError } from "../errors.ts";
import type { ZipEnd } from "./zip_end.ts";
import { readZipEntryName, type ZipEntryName } from "./zip_entry_name.ts";
import { readZip64Sizes } from "./zip64_sizes.ts";

/** One file or folder of an archive, as the central directory describes it. */
export interface ZipEntry extends ZipEntryName {
  /** Bytes of the name, to compare with those of the local header. */
  readonly rawName: Uint8Array;
  /** Whether anyone may execute it; only known for archives made on Unix. */
  readonly isExecutable: boolean;
  /** General purpose flags. */
  readonly flags: number;
  /** 0 (stored) or 8 (deflate). */
  readonly method: number;
  /** CRC-32 of the content. */
  readonly crc: number;
  /** Size in the archive, in bytes. */
  readonly compressedSize: number;
  /** Size of the content, in bytes. */
  readonly size: number;
  /** Position of its local header. */
  readonly offset: number;
}

/** Compression method: none. */
export const ZIP_STORED = 0;
/** Compression method: deflate. */
export const ZIP_DEFLATED = 8;

const SIGNATURE = 0x02014b50;
const HEADER_SIZE = 46;
const METHOD_NAMES: Readonly<Record<number, string>> = {
  1: "shrink",
  6: "implode",
  9: "deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "XZ",
  98: "PPMd",
};
const SPECIAL_FILES: Readonly<Record<number, string>> = {
  0o010000: "a named pipe",
  0o020000: "a character device",
  0o060000: "a block device",
  0o120000: "a symbolic link",
  0o140000: "a socket",
};

/**
 * Reads the central directory, and checks every entry and the limits.
 *
 * @param bytes The central directory.
 * @param end The end records.
 * @param limits Limits on the content.
 * @returns The entries in the order of their data in the archive.
 * @throws {InvalidArchiveError} If the directory is corrupt, an entry is not safe, or a limit is exceeded.
 */
export function parseZipDirectory(bytes: Uint8Array, end: ZipEnd, limits: ArchiveLimits): ZipEntry[] {
  if (end.entries > limits.maxEntries) {
    throw new InvalidArchiveError(
      "too-many-entries",
      `The archive contains ${end.entries} entries, more than ${limits.maxEntries}. Leave out what the bot does not need.`,
    );
  }
  const entries: ZipEntry[] = [];
  let position = 0;
  while (entries.length < end.entries && position < bytes.length) {
    const { entry, next } = parseEntry(bytes, position, end);
    entries.push(entry);
    position = next;
  }
  if (entries.length !== end.entries || position !== bytes.length) {
    throw corrupt(
      `its end says ${end.entries} entries, its list holds ${position < bytes.length ? "more" : "fewer"}`,
    );
  }
  checkSizes(entries, end, limits);
  entries.sort((a, b) => a.offset - b.offset);
  const first = entries[0]?.offset ?? end.directoryOffset;
  if (first !== 0) throw corrupt(`${first} bytes come before its first entry (a self-extracting program?)`);
  return entries;
}

function parseEntry(bytes: Uint8Array, at: number, end: ZipEnd): { entry: ZipEntry; next: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  if (view.byteLength < HEADER_SIZE || view.getUint32(0, true) !== SIGNATURE) {
    throw corrupt(`its list of entries is broken at byte ${end.directoryOffset + at}`);
  }
  const nameEnd = HEADER_SIZE + view.getUint16(28, true);
  const extraEnd = nameEnd + view.getUint16(30, true);
  const next = extraEnd + view.getUint16(32, true);
  if (next > view.byteLength) {
    throw corrupt(`its list of entries is cut off at byte ${end.directoryOffset + at}`);
  }
  const rawName = bytes.subarray(at + HEADER_SIZE, at + nameEnd);
  const name = readZipEntryName(rawName);
  const sizes = readZip64Sizes(bytes.subarray(at + nameEnd, at + extraEnd), {
    size: view.getUint32(24, true),
    compressedSize: view.getUint32(20, true),
    offset: view.getUint32(42, true),
    disk: view.getUint16(34, true),
  });
  if (sizes === undefined) throw corrupt(`the ZIP64 sizes of '${name.label}' cannot be read`, name.label);
  const mode = view.getUint32(38, true) >>> 16;
  const madeOn = view.getUint8(5);
  const entry: ZipEntry = {
    ...name,
    rawName,
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    size: sizes.size,
    compressedSize: sizes.compressedSize,
    offset: sizes.offset,
    isExecutable: (madeOn === 3 || madeOn === 19) && (mode & 0o111) !== 0,
  };
  checkEntry(entry, mode, sizes.disk);
  return { entry, next: at + next };
}

function checkEntry(entry: ZipEntry, mode: number, disk: number): void {
  const { label, method } = entry;
  // Bit 0: encrypted, 6: strong encryption, 13: encrypted central directory; method 99: AES.
  if ((entry.flags & 0x2041) !== 0 || method === 99) {
    throw refuse("encrypted", label, "is encrypted. Pack it without a password");
  }
  if ((entry.flags & 0x20) !== 0) {
    throw refuse("unsupported", label, "is a patch of another file, which is not supported");
  }
  if (method !== ZIP_STORED && method !== ZIP_DEFLATED) {
    const used = METHOD_NAMES[method] ?? "an unknown method";
    throw refuse("unsupported", label, `is compressed with ${used} (method ${method}). Pack it with deflate`);
  }
  if (disk !== 0) {
    throw refuse("unsupported", label, "lies in another part of a split archive. Pack it as one file");
  }
  // Independent of the system that made it: an entry that other programs extract as a link must not become a file here.
  const special = SPECIAL_FILES[mode & 0o170000];
  if (special !== undefined) {
    throw refuse(
      "not-a-file",
      label,
      `is ${special}; only files and folders are allowed. Put the file itself in`,
    );
  }
  if (entry.isFolder && entry.size !== 0) throw corrupt(`the folder '${label}' has content`, label);
  if (method === ZIP_STORED && entry.size !== entry.compressedSize) {
    throw refuse(
      "header-mismatch",
      label,
      "is stored uncompressed, yet its two sizes differ. Pack the archive again",
    );
  }
}

function checkSizes(entries: readonly ZipEntry[], end: ZipEnd, limits: ArchiveLimits): void {
  let total = 0;
  for (const { label, size, compressedSize } of entries) {
    total += size;
    if (size > limits.maxFileBytes) {
      throw refuse(
        "too-large",
        label,
        `extracts to ${size} bytes, more than ${limits.maxFileBytes} for one file`,
      );
    }
    if (total > limits.maxTotalBytes) {
      throw refuse(
        "too-large",
        label,
        `brings the archive to more than ${limits.maxTotalBytes} bytes extracted`,
      );
    }
    if (isBomb(size, compressedSize, limits)) {
      throw refuse(
        "ratio",
        label,
        `extracts from ${compressedSize} to ${size} bytes, more than ${limits.maxRatio} times its size`,
      );
    }
    if (isBomb(total, end.directoryOffset, limits)) {
      throw refuse("ratio", label, `brings the archive to more than ${limits.maxRatio} times its size`);
    }
  }
}

function isBomb(size: number, compressedSize: number, limits: ArchiveLimits): boolean {
  return size > limits.ratioFreeBytes && size > compressedSize * limits.maxRatio;
}

function refuse(problem: InvalidArchiveError["problem"], label: string, what: string): InvalidArchiveError {
  return new InvalidArchiveError(problem, `The archive's entry '${label}' ${what}.`, label);
}

function corrupt(what: string, label?: string): InvalidArchiveError {
  return new InvalidArchiveError("corrupt", `The archive is corrupt: ${what}. Pack it again.`, label);
}
