/**
 * Finds the end records of a ZIP archive, which point to its central directory. Pure.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";

/** Position of the central directory according to the end records. */
export interface ZipEnd {
  /** Number of entries in the directory. */
  readonly entries: number;
  /** Position of the directory. */
  readonly directoryOffset: number;
  /** Size of the directory in bytes. */
  readonly directorySize: number;
}

const END_SIGNATURE = 0x06054b50;
const END_SIZE = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_SIZE = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_SIZE = 56;

/** Size of the part at the end of an archive that contains its end records, in bytes. */
export const ZIP_TAIL_BYTES: number = END_SIZE + 0xffff + LOCATOR_SIZE + END64_SIZE;

/**
 * Reads the end records, ZIP64 included.
 *
 * An archive whose comment contains a second end record is refused: two readers would see two different archives.
 *
 * @param tail The last {@linkcode ZIP_TAIL_BYTES} of the archive, or the whole archive if it is smaller.
 * @param archiveSize Size of the archive in bytes.
 * @param head The first bytes of the archive, which distinguish a truncated ZIP from another file.
 * @returns Position of the central directory, which lies inside the archive and directly before the end records.
 * @throws {InvalidArchiveError} If the archive is not a ZIP, or is truncated, corrupt or split.
 */
export function findZipEnd(tail: Uint8Array, archiveSize: number, head: Uint8Array): ZipEnd {
  const view = viewOf(tail);
  const position = findEndRecord(view, head);
  const tailStart = archiveSize - tail.length;
  const end = readEnd(view, position);
  const directoryEnd = tailStart + end.recordsStart;
  if (end.directoryOffset + end.directorySize !== directoryEnd) {
    const extra = directoryEnd - end.directoryOffset - end.directorySize;
    throw corrupt(
      extra > 0
        ? `${extra} bytes in it belong to nothing (a self-extracting program, or a file cut into it)`
        : "its list of entries lies outside of it",
    );
  }
  return {
    entries: end.entries,
    directoryOffset: end.directoryOffset,
    directorySize: end.directorySize,
  };
}

function findEndRecord(view: DataView, head: Uint8Array): number {
  const signatures: number[] = [];
  for (let at = view.byteLength - 4; at >= 0 && at >= view.byteLength - END_SIZE - 0xffff; at--) {
    if (view.getUint8(at) === 0x50 && view.getUint32(at, true) === END_SIGNATURE) signatures.push(at);
  }
  const complete = signatures.filter((at) =>
    at + END_SIZE <= view.byteLength && at + END_SIZE + view.getUint16(at + 20, true) === view.byteLength
  );
  const [position] = complete;
  if (position === undefined) throw noEndRecord(view, signatures, head);
  if (complete.length > 1 || signatures[0] !== position) {
    throw corrupt("its comment contains a second end record, so that two programs would read two archives");
  }
  return position;
}

function noEndRecord(view: DataView, signatures: readonly number[], head: Uint8Array): InvalidArchiveError {
  const last = signatures[0];
  if (last !== undefined && last + END_SIZE <= view.byteLength) {
    const surplus = view.byteLength - last - END_SIZE - view.getUint16(last + 20, true);
    if (surplus > 0) return corrupt(`${surplus} bytes follow its end`);
  }
  const likeZip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
  if (likeZip) {
    return new InvalidArchiveError(
      "truncated",
      "The archive is truncated: its end is missing. Upload it again, whole.",
    );
  }
  return new InvalidArchiveError(
    "not-a-zip",
    view.byteLength === 0
      ? "The archive is empty (0 bytes). Upload a ZIP archive."
      : "The archive is not a ZIP. Pack the code as a .zip file.",
  );
}

interface EndFields extends ZipEnd {
  /** Position of the first end record in the tail. */
  readonly recordsStart: number;
}

function readEnd(view: DataView, position: number): EndFields {
  const end: EndFields = {
    recordsStart: position,
    entries: view.getUint16(position + 10, true),
    directorySize: view.getUint32(position + 12, true),
    directoryOffset: view.getUint32(position + 16, true),
  };
  const locator = position - LOCATOR_SIZE;
  const zip64 = locator >= 0 && view.getUint32(locator, true) === LOCATOR_SIGNATURE;
  const disks = [view.getUint16(position + 4, true), view.getUint16(position + 6, true)];
  if (disks.some((disk) => disk !== 0 && !(zip64 && disk === 0xffff))) throw severalParts();
  const entriesHere = view.getUint16(position + 8, true);
  if (entriesHere !== end.entries) throw severalParts();
  return zip64 ? readEnd64(view, locator, end) : end;
}

function readEnd64(view: DataView, locator: number, end: EndFields): EndFields {
  const at = locator - END64_SIZE;
  if (at < 0 || view.getUint32(at, true) !== END64_SIGNATURE) {
    throw corrupt("its ZIP64 end record is not where it should be");
  }
  const recordSize = readUint64(view, at + 4) + 12;
  if (recordSize !== END64_SIZE) {
    throw new InvalidArchiveError(
      "unsupported",
      "The archive uses an extended ZIP64 end record (encrypted or compressed directory), which is not supported. Pack it as a plain ZIP.",
    );
  }
  const diskFields = [
    view.getUint32(locator + 4, true),
    view.getUint32(at + 16, true),
    view.getUint32(at + 20, true),
  ];
  if (diskFields.some((disk) => disk !== 0) || view.getUint32(locator + 16, true) > 1) throw severalParts();
  const end64: EndFields = {
    recordsStart: at,
    entries: readUint64(view, at + 32),
    directorySize: readUint64(view, at + 40),
    directoryOffset: readUint64(view, at + 48),
  };
  if (readUint64(view, at + 24) !== end64.entries) throw severalParts();
  const recordOffset = readUint64(view, locator + 8);
  const consistent = agrees(end.entries, 0xffff, end64.entries) &&
    agrees(end.directorySize, 0xffffffff, end64.directorySize) &&
    agrees(end.directoryOffset, 0xffffffff, end64.directoryOffset) &&
    recordOffset === end64.directoryOffset + end64.directorySize;
  if (!consistent) throw corrupt("its end records contradict each other");
  return end64;
}

function agrees(value: number, placeholder: number, value64: number): boolean {
  return value === placeholder || value === value64;
}

function readUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt("a size in it is beyond any disk");
  return Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function corrupt(what: string): InvalidArchiveError {
  return new InvalidArchiveError("corrupt", `The archive is corrupt: ${what}. Pack it again.`);
}

function severalParts(): InvalidArchiveError {
  return new InvalidArchiveError(
    "unsupported",
    "The archive is split into several parts, which is not supported. Pack it as one file.",
  );
}
