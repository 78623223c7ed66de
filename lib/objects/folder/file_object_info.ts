/**
 * Describes an object by its file and by the record of its length.
 *
 * @module
 */

import type { ObjectInfo } from "../object_store.ts";
import type { LengthRecord } from "./length_records.ts";

/**
 * Describes an object.
 *
 * @param key Its key.
 * @param file Its file.
 * @param record The record of its length; absent if nothing was appended.
 */
export function toObjectInfo(key: string, file: Deno.FileInfo, record?: LengthRecord): ObjectInfo {
  const lastModified = file.mtime ?? new Date(0);
  if (record) {
    const metadata = Object.keys(record.metadata).length > 0 ? { metadata: record.metadata } : {};
    return { key, size: record.length, etag: record.version, lastModified, ...metadata };
  }
  const etag = [file.ino ?? 0, file.size, lastModified.getTime()].map((number) => number.toString(36)).join(
    "-",
  );
  return { key, size: file.size, etag, lastModified };
}
