/**
 * Makes an extracted tree one that several share: files that other trees have already are linked, not written.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { diskError } from "../util/files.ts";
import type { ExtractionTarget } from "./extraction_target.ts";
import type { ArchiveSource } from "./inspect_archive.ts";
import { formatTreeManifest, parseTreeManifest, type TreeFile } from "./tree_manifest.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Where a tree is. */
export interface TreeLocation {
  /** Absolute path of its files. */
  readonly path: string;
  /** Absolute path of the list of its files. */
  readonly manifest: string;
}

/**
 * The time of change of every file of a tree, in seconds since 1970: bytecode names the time of its source, and a
 * source that a bot changes has another.
 */
const FILE_TIME = 946_684_800;
const PIECE_BYTES = 64 * 1024;

/** Links what donors have, and lists what the tree has. */
export class TreeWriter {
  readonly #source: ArchiveSource;
  readonly #target: ExtractionTarget;
  readonly #manifest: string;
  readonly #known: ReadonlyMap<string, string>;
  readonly #files: TreeFile[] = [];
  #key = "";

  /**
   * @param source The archive.
   * @param options Where the list goes, and the donors.
   * @param target Where the tree is made.
   */
  constructor(
    source: ArchiveSource,
    { manifest, donors }: { readonly manifest: string; readonly donors: readonly TreeLocation[] },
    target: ExtractionTarget,
  ) {
    this.#source = source;
    this.#target = target;
    this.#manifest = manifest;
    this.#known = readDonors(donors);
  }

  /**
   * Links a file, if a donor has it.
   *
   * @param entry The file.
   * @param start Where its data begins in the archive.
   * @returns False when it has to be written; then {@linkcode wrote} follows.
   */
  link(entry: ZipEntry, start: number): boolean {
    this.#key = this.#keyOf(entry, start);
    const from = this.#known.get(this.#key);
    if (from === undefined || !this.#target.linkFile(entry.path, from)) return false;
    this.#list(entry);
    return true;
  }

  /**
   * Notes a file that was written and verified.
   *
   * @param entry The file.
   */
  wrote(entry: ZipEntry): void {
    this.#target.setTime(entry.path, FILE_TIME);
    this.#list(entry);
  }

  /**
   * Writes the list.
   *
   * @param folders The folders of the tree.
   */
  finish(folders: readonly string[]): void {
    const text = formatTreeManifest({ files: this.#files, folders });
    try {
      Deno.writeTextFileSync(this.#manifest, text, { mode: 0o600, createNew: true });
    } catch (error) {
      throw diskError(`write '${this.#manifest}'`, error);
    }
  }

  #list({ path, size }: ZipEntry): void {
    this.#files.push({ path, size, key: this.#key });
  }

  /**
   * The same compressed bytes are the same content. All that was verified of a written file is part of the key, so
   * that a linked one need not be verified again.
   */
  #keyOf({ method, crc, size, compressedSize, executable }: ZipEntry, start: number): string {
    // Empty files are many, and a file can have a limited number of links.
    if (size === 0) return "";
    const hash = createHash("sha256").update(`${method} ${crc} ${size} ${executable} `);
    for (let at = 0; at < compressedSize;) {
      const piece = this.#source.read(start + at, Math.min(PIECE_BYTES, compressedSize - at));
      // The decoder says that the archive is truncated.
      if (piece.length === 0) return "";
      hash.update(piece);
      at += piece.length;
    }
    return hash.digest("base64url");
  }
}

/** A donor that cannot be read gives nothing. */
function readDonors(donors: readonly TreeLocation[]): Map<string, string> {
  const known = new Map<string, string>();
  for (const { path, manifest } of donors) {
    try {
      for (const file of parseTreeManifest(Deno.readTextFileSync(manifest)).files) {
        if (file.key !== "") known.set(file.key, `${path}/${file.path}`);
      }
    } catch {
      continue;
    }
  }
  return known;
}
