/**
 * Builds ZIP archives byte by byte, so that tests can make any field say anything.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";

/** Fields that a header has in both of its places. */
export interface ZipFields {
  readonly name: string | Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly extra: Uint8Array;
}

/** One entry. Fields that are not given are as an honest packer would write them. */
export interface ZipPart extends Partial<ZipFields> {
  readonly name: string | Uint8Array;
  /** @default {empty} */
  readonly content?: Uint8Array;
  /** The bytes in the archive, in place of the compressed content. */
  readonly data?: Uint8Array;
  /** Unix mode with file type. @default {0o100644} */
  readonly mode?: number;
  /** System it was made on. @default {3, Unix} */
  readonly madeOn?: number;
  /** Fields in which the local header differs from the central directory. */
  readonly local?: Partial<ZipFields>;
  /** The bytes after the data. @default {a data descriptor when flag bit 3 is set} */
  readonly after?: Uint8Array;
  /** The place according to the central directory. */
  readonly offset?: number;
  /** Number of the part of a split archive. @default {0} */
  readonly disk?: number;
  /** Whether it is listed only, with no data of its own. @default {false} */
  readonly listedOnly?: boolean;
}

/** The bytes around the entries. Fields that are not given are as an honest packer would write them. */
export interface ZipFrame {
  readonly prefix?: Uint8Array;
  readonly suffix?: Uint8Array;
  readonly comment?: Uint8Array;
  readonly entries?: number;
  readonly disk?: number;
  readonly directorySize?: number;
  readonly directoryOffset?: number;
  /** Whether to write ZIP64 end records. @default {false} */
  readonly zip64?: boolean;
}

/** Set: the sizes and the checksum follow the data. */
export const DESCRIPTOR = 0x08;
/** Set: the name is UTF-8. */
export const UTF8 = 0x800;

/** Little-endian bytes of numbers: `u16(1, 2)` has four. */
export function u16(...values: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

/** Little-endian bytes of 32-bit numbers. */
export function u32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** Little-endian bytes of 64-bit numbers. */
export function u64(...values: number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}

/** Joins byte arrays. */
export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * @param parts The entries, in the order of their data.
 * @param frame The text around them.
 * @returns The archive.
 */
export function buildZip(parts: readonly ZipPart[], frame: ZipFrame = {}): Uint8Array<ArrayBuffer> {
  const body: Uint8Array[] = [frame.prefix ?? new Uint8Array()];
  const directory: Uint8Array[] = [];
  let at = body[0]?.length ?? 0;
  for (const part of parts) {
    const { fields, data } = complete(part);
    const offset = part.offset ?? at;
    directory.push(directoryHeader(part, fields, offset));
    if (part.listedOnly) continue;
    const after = part.after ??
      ((fields.flags & DESCRIPTOR) === 0
        ? new Uint8Array()
        : u32(0x08074b50, fields.crc, fields.compressedSize, fields.size));
    const local = join(localHeader({ ...blankForDescriptor(fields), ...part.local }), data, after);
    body.push(local);
    at += local.length;
  }
  return join(...body, ...directory, endRecords(parts.length, at, join(...directory).length, frame));
}

/** Where each local header of an honest archive of these entries begins. */
export function offsetsOf(parts: readonly ZipPart[]): number[] {
  const archive = buildZip(parts);
  const view = new DataView(archive.buffer);
  const offsets: number[] = [];
  let at = view.getUint32(archive.length - 22 + 16, true);
  for (let index = 0; index < parts.length; index++) {
    offsets.push(view.getUint32(at + 42, true));
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true);
  }
  return offsets;
}

function complete(part: ZipPart): { fields: ZipFields; data: Uint8Array } {
  const content = part.content ?? new Uint8Array();
  const method = part.method ?? 0;
  const data = part.data ?? (method === 8 ? new Uint8Array(deflateRawSync(content)) : content);
  return {
    data,
    fields: {
      name: part.name,
      flags: part.flags ?? UTF8,
      method,
      crc: part.crc ?? crc32(content),
      compressedSize: part.compressedSize ?? data.length,
      size: part.size ?? content.length,
      extra: part.extra ?? new Uint8Array(),
    },
  };
}

function blankForDescriptor(fields: ZipFields): ZipFields {
  return (fields.flags & DESCRIPTOR) === 0 ? fields : { ...fields, crc: 0, compressedSize: 0, size: 0 };
}

function bytesOf(name: string | Uint8Array): Uint8Array {
  return typeof name === "string" ? utf8(name) : name;
}

function localHeader(fields: ZipFields): Uint8Array {
  const name = bytesOf(fields.name);
  return join(
    u32(0x04034b50),
    u16(20, fields.flags, fields.method, 0, 0x21),
    u32(fields.crc, fields.compressedSize, fields.size),
    u16(name.length, fields.extra.length),
    name,
    fields.extra,
  );
}

function directoryHeader(part: ZipPart, fields: ZipFields, offset: number): Uint8Array {
  const name = bytesOf(fields.name);
  return join(
    u32(0x02014b50),
    new Uint8Array([20, part.madeOn ?? 3]),
    u16(20, fields.flags, fields.method, 0, 0x21),
    u32(fields.crc, fields.compressedSize, fields.size),
    u16(name.length, fields.extra.length, 0, part.disk ?? 0, 0),
    u32((part.mode ?? 0o100644) * 0x10000, offset),
    name,
    fields.extra,
  );
}

function endRecords(
  count: number,
  directoryOffset: number,
  directorySize: number,
  frame: ZipFrame,
): Uint8Array {
  const entries = frame.entries ?? count;
  const size = frame.directorySize ?? directorySize;
  const offset = frame.directoryOffset ?? directoryOffset;
  const comment = frame.comment ?? new Uint8Array();
  const disk = frame.disk ?? 0;
  const end = (entries16: number, size32: number, offset32: number) =>
    join(
      u32(0x06054b50),
      u16(disk, disk, entries16, entries16),
      u32(size32, offset32),
      u16(comment.length),
      comment,
    );
  if (!frame.zip64) return join(end(entries, size, offset), frame.suffix ?? new Uint8Array());
  return join(
    u32(0x06064b50),
    u64(44),
    u16(45, 45),
    u32(disk, disk),
    u64(entries, entries, size, offset),
    u32(0x07064b50, 0),
    u64(directoryOffset + directorySize),
    u32(1),
    end(0xffff, 0xffffffff, 0xffffffff),
    frame.suffix ?? new Uint8Array(),
  );
}
