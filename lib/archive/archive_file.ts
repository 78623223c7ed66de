/**
 * Reads an archive from a file.
 *
 * @module
 */

import { diskError } from "../util/files.ts";
import { InvalidArchiveError } from "../errors.ts";
import { FileWindow } from "./file_window.ts";
import { type ArchiveSource, truncated } from "./inspect_archive.ts";
import type { ZipEntry } from "./zip_directory.ts";
import {
  checkAfterData,
  checkLocalHeader,
  LOCAL_HEADER_BYTES,
  localHeaderSize,
  MAX_DESCRIPTOR_BYTES,
} from "./zip_local_header.ts";

/**
 * Opens an archive.
 *
 * @param path Absolute path of the file.
 * @returns The archive. Dispose it at the end.
 * @throws {BerthError} If the file cannot be read (`archive/io`); its methods throw the same.
 */
export function openArchive(path: string): ArchiveSource & Disposable {
  const file = readable(path, () => new FileWindow(path));
  return {
    size: file.size,
    read: (position, length) => readable(path, () => file.read(position, length)),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

/**
 * Checks the bytes around the data of an entry.
 *
 * @param source The archive.
 * @param entry The entry.
 * @param next Position of what follows the entry.
 * @returns Position of the data.
 * @throws {InvalidArchiveError} If header or data do not fit the list of entries.
 */
export function checkAround(source: ArchiveSource, entry: ZipEntry, next: number): number {
  const fixed = source.read(entry.offset, LOCAL_HEADER_BYTES);
  if (fixed.length < LOCAL_HEADER_BYTES) throw truncated();
  const headerSize = localHeaderSize(fixed, entry);
  const start = entry.offset + headerSize;
  const dataEnd = start + entry.compressedSize;
  const header = source.read(entry.offset, headerSize);
  if (header.length < headerSize) throw truncated();
  checkLocalHeader(header, entry);
  // Entries that share one piece of data are a bomb that no ratio shows.
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

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw diskError(`read the archive '${path}'`, error);
  }
}
