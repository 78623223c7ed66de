/**
 * Reads the ZIP64 extra field: sizes that do not fit into the 32 bits of a header. Pure.
 *
 * @module
 */

/** Fields of a header that an extra field may replace. */
export interface ZipSizes {
  /** Size of the content, in bytes. */
  readonly size: number;
  /** Size in the archive, in bytes. */
  readonly compressedSize: number;
  /** Position of the local header; 0 in a local header, which has no such field. */
  readonly offset: number;
  /** Number of the part of a split archive; 0 in a local header. */
  readonly disk: number;
}

const ZIP64_FIELD = 0x0001;

/**
 * Replaces fields with the maximum value by those of the ZIP64 extra field.
 *
 * @param extra The extra fields of a header.
 * @param sizes The fields of the header.
 * @returns The real fields; `undefined` if the extra field lacks one that has the maximum value.
 */
export function readZip64Sizes(extra: Uint8Array, sizes: ZipSizes): ZipSizes | undefined {
  const needed = sizes.size === 0xffffffff || sizes.compressedSize === 0xffffffff ||
    sizes.offset === 0xffffffff || sizes.disk === 0xffff;
  if (!needed) return sizes;
  const field = findField(extra);
  if (field === undefined) return undefined;
  let at = 0;
  let complete = true;
  const take = (value: number, placeholder: number, bytes: 4 | 8): number => {
    if (value !== placeholder) return value;
    if (at + bytes > field.byteLength) {
      complete = false;
      return value;
    }
    const found = bytes === 8 ? Number(field.getBigUint64(at, true)) : field.getUint32(at, true);
    at += bytes;
    return found;
  };
  const found: ZipSizes = {
    size: take(sizes.size, 0xffffffff, 8),
    compressedSize: take(sizes.compressedSize, 0xffffffff, 8),
    offset: take(sizes.offset, 0xffffffff, 8),
    disk: take(sizes.disk, 0xffff, 4),
  };
  return complete && Number.isSafeInteger(found.size + found.compressedSize + found.offset)
    ? found
    : undefined;
}

function findField(extra: Uint8Array): DataView | undefined {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  for (let at = 0; at + 4 <= view.byteLength;) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > view.byteLength) return undefined;
    if (view.getUint16(at, true) === ZIP64_FIELD) {
      return new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    }
    at += 4 + length;
  }
  return undefined;
}
