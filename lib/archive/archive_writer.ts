/**
 * Writes a ZIP archive in memory.
 *
 * @module
 */

import { Zip, ZipPassThrough } from "fflate";
import { InvalidBotFolderError } from "../errors.ts";
import { concatBytes } from "../util/concat_bytes.ts";
import { contentHashOf, type HashedEntry } from "./content_hash.ts";
import type { FolderItem } from "./list_folder.ts";
import type { PackedFile } from "./pack_file.ts";

const MAX_BYTES = 0xffffffff - 1;
const UNIX = 3;
// A ZIP archive has no time zone, so local noon of its first possible day gives the same bytes everywhere.
const MTIME = new Date(1980, 0, 1, 12);
const EMPTY: PackedFile = { data: new Uint8Array(0), method: 0, size: 0, crc: 0, sha256: "" };

/** Writes entries one after the other. */
export class ArchiveWriter {
  readonly #chunks: Uint8Array[] = [];
  readonly #content: HashedEntry[] = [];
  readonly #zip: Zip;
  #size = 0;
  #data: Uint8Array | undefined;
  #dataAt = 0;

  /** Begins an archive. */
  constructor() {
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) throw error;
      if (chunk === this.#data) this.#dataAt = this.#size;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
    });
  }

  /**
   * Adds a file or a folder.
   *
   * @param item The file or folder.
   * @param packed Data of a file.
   * @returns Position of the data in the archive.
   * @throws {InvalidBotFolderError} If the archive becomes too large.
   */
  add(item: FolderItem, packed: PackedFile = EMPTY): number {
    const { name, path, isExecutable } = item;
    const isFolder = name.endsWith("/");
    const entry = new PackedEntry(name, packed);
    entry.attrs = (isFolder ? 0o040755 : isExecutable ? 0o100755 : 0o100644) << 16;
    this.#data = packed.data;
    this.#zip.add(entry);
    entry.write();
    this.#content.push(hashedEntry(item, packed.sha256));
    if (this.#size > MAX_BYTES) {
      throw new InvalidBotFolderError(
        `Cannot pack '${path}': the archive would have more than ${MAX_BYTES} bytes.`,
      );
    }
    return this.#dataAt;
  }

  /** Ends the archive. @returns The archive, and the hash of its content. */
  finish(): { readonly archive: Uint8Array<ArrayBuffer>; readonly contentHash: string } {
    this.#zip.end();
    const archive = concatBytes(this.#chunks);
    this.#chunks.length = 0;
    return { archive, contentHash: contentHashOf(this.#content) };
  }
}

/**
 * Describes a file or a folder for the hash of the content.
 *
 * @param item The file or folder.
 * @param sha256 Hash of a file.
 */
export function hashedEntry({ name, isExecutable }: FolderItem, sha256: string): HashedEntry {
  return { name, isExecutable: isExecutable && !name.endsWith("/"), sha256 };
}

/** An entry whose data is already packed; fflate writes its headers. */
class PackedEntry extends ZipPassThrough {
  readonly #packed: PackedFile;

  constructor(name: string, packed: PackedFile) {
    super(name);
    this.#packed = packed;
    this.os = UNIX;
    this.mtime = MTIME;
    this.compression = packed.method;
  }

  write(): void {
    const { data, size, crc } = this.#packed;
    this.ondata(null, data, false);
    // The base class does not count data that is pushed from outside.
    this.size = size;
    this.crc = crc;
    this.ondata(null, new Uint8Array(0), true);
  }
}
