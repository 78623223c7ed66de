/**
 * Checks the headers around an entry's data in a ZIP archive. They must agree with the central directory, since other
 * programs may rely on them. Pure.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { readZip64Sizes } from "./zip64_sizes.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Size of a local header without name and extra fields, in bytes. */
export const LOCAL_HEADER_BYTES = 30;
/** Size of the longest data descriptor, in bytes. */
export const MAX_DESCRIPTOR_BYTES = 24;

const SIGNATURE = 0x04034b50;
const DESCRIPTOR_SIGNATURE = 0x08074b50;
// Encrypted, sizes in a descriptor, patch, strong encryption, masked header. Bits 1 and 2 are hints of the packer, and
// bit 11 (UTF-8) does not matter, since the bytes of both names must be equal.
const FLAGS_THAT_MATTER = 0x2069;
const DESCRIPTOR_FLAG = 0x08;

/**
 * Computes the size of a local header.
 *
 * @param fixed The first {@linkcode LOCAL_HEADER_BYTES} of the header.
 * @param entry The entry in the central directory.
 * @returns Size in bytes, with name and extra fields. The data follows.
 * @throws {InvalidArchiveError} If there is no local header (`corrupt`).
 */
export function localHeaderSize(fixed: Uint8Array, entry: ZipEntry): number {
  const view = viewOf(fixed);
  if (view.getUint32(0, true) !== SIGNATURE) {
    throw new InvalidArchiveError(
      "corrupt",
      `The archive is corrupt: '${entry.label}' is not where the list of entries says. Pack it again.`,
      entry.label,
    );
  }
  return LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
}

/**
 * Checks a local header against the central directory.
 *
 * @param header The header with name and extra fields.
 * @param entry The entry in the central directory.
 * @throws {InvalidArchiveError} If a field differs (`header-mismatch`).
 */
export function checkLocalHeader(header: Uint8Array, entry: ZipEntry): void {
  const view = viewOf(header);
  const nameEnd = LOCAL_HEADER_BYTES + view.getUint16(26, true);
  if (!equal(header.subarray(LOCAL_HEADER_BYTES, nameEnd), entry.rawName)) throw mismatch(entry, "name");
  const flags = view.getUint16(6, true);
  if (((flags ^ entry.flags) & FLAGS_THAT_MATTER) !== 0) throw mismatch(entry, "flags");
  if (view.getUint16(8, true) !== entry.method) throw mismatch(entry, "compression method");
  const fields = {
    size: view.getUint32(22, true),
    compressedSize: view.getUint32(18, true),
    offset: 0,
    disk: 0,
  };
  const crc = view.getUint32(14, true);
  if ((entry.flags & DESCRIPTOR_FLAG) === 0) {
    const sizes = readZip64Sizes(header.subarray(nameEnd), fields);
    if (sizes?.size !== entry.size || sizes.compressedSize !== entry.compressedSize) {
      throw mismatch(entry, "size");
    }
    if (crc !== entry.crc) throw mismatch(entry, "checksum");
    return;
  }
  // The descriptor has the real values; those in the header are placeholders or the same.
  if (!isPlaceholderOr(fields.size, entry.size)) throw mismatch(entry, "size");
  if (!isPlaceholderOr(fields.compressedSize, entry.compressedSize)) throw mismatch(entry, "size");
  if (!isPlaceholderOr(crc, entry.crc)) throw mismatch(entry, "checksum");
}

/**
 * Checks the bytes between the end of an entry's data and the next record: the data descriptor if the entry has one, else
 * nothing. So nothing can hide between two entries.
 *
 * @param bytes The bytes in between, at most {@linkcode MAX_DESCRIPTOR_BYTES} + 1.
 * @param entry The entry in the central directory.
 * @throws {InvalidArchiveError} If the descriptor is wrong (`header-mismatch`) or there are other bytes (`corrupt`).
 */
export function checkAfterData(bytes: Uint8Array, entry: ZipEntry): void {
  if ((entry.flags & DESCRIPTOR_FLAG) === 0) {
    if (bytes.length !== 0) throw strayBytes(entry);
    return;
  }
  const signed = bytes.length === 16 || bytes.length === 24;
  if (!signed && bytes.length !== 12 && bytes.length !== 20) throw strayBytes(entry);
  const view = viewOf(bytes);
  const at = signed ? 4 : 0;
  if (signed && view.getUint32(0, true) !== DESCRIPTOR_SIGNATURE) throw mismatch(entry, "data descriptor");
  const wide = bytes.length >= 20;
  const compressedSize = wide ? Number(view.getBigUint64(at + 4, true)) : view.getUint32(at + 4, true);
  const size = wide ? Number(view.getBigUint64(at + 12, true)) : view.getUint32(at + 8, true);
  const same = view.getUint32(at, true) === entry.crc && compressedSize === entry.compressedSize &&
    size === entry.size;
  if (!same) throw mismatch(entry, "data descriptor");
}

function isPlaceholderOr(value: number, expected: number): boolean {
  return value === 0 || value === 0xffffffff || value === expected;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function mismatch(entry: ZipEntry, field: string): InvalidArchiveError {
  return new InvalidArchiveError(
    "header-mismatch",
    `The archive says two different things about '${entry.label}' (${field}): its list of entries disagrees with the header of the entry. Pack it again.`,
    entry.label,
  );
}

function strayBytes(entry: ZipEntry): InvalidArchiveError {
  return new InvalidArchiveError(
    "corrupt",
    `The archive is corrupt: bytes that belong to nothing follow '${entry.label}'. Pack it again.`,
    entry.label,
  );
}
