/**
 * Makes a tree that several containers share. Files that other trees already have are linked instead of written.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { diskError } from "../util/files.ts";
import type { ExtractionTarget } from "./extraction_target.ts";
import type { ArchiveSource } from "./inspect_archive.ts";
import { formatTreeManifest, parseTreeManifest, type TreeFile } from "./tree_manifest.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Paths of a tree. */
export interface TreeLocation {
  /** Absolute path of the tree. */
  readonly path: string;
  /** Absolute path of its manifest. */
  readonly manifest: string;
}

/**
 * Time of change of every file of a tree, in seconds since 1970. Bytecode records the time of its source, so that Python
 * notices when a bot changes a source.
 */
const FILE_TIME = 946_684_800;
const PIECE_BYTES = 64 * 1024;

/** Links files of donors, and writes the manifest of the tree. */
export class TreeWriter {
  readonly #source: ArchiveSource;
  readonly #target: ExtractionTarget;
  readonly #manifest: string;
  readonly #known: ReadonlyMap<string, string>;
  readonly #files: TreeFile[] = [];
  #key = "";

  /**
   * @param source The archive.
   * @param options Path of the manifest to write, and the donors.
   * @param target Folder of the tree.
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
   * Links a file if a donor has it.
   *
   * @param entry The file.
   * @param start Position of its data in the archive.
   * @returns False if the caller must write the file, then call {@linkcode wrote}.
   */
  link(entry: ZipEntry, start: number): boolean {
    this.#key = this.#keyOf(entry, start);
    const from = this.#known.get(this.#key);
    if (from === undefined || !this.#target.linkFile(entry.path, from)) return false;
    this.#list(entry);
    return true;
  }

  /**
   * Adds a written and verified file to the manifest.
   *
   * @param entry The file.
   */
  wrote(entry: ZipEntry): void {
    this.#target.setTime(entry.path, FILE_TIME);
    this.#list(entry);
  }

  /**
   * Writes the manifest.
   *
   * @param folders Folders of the tree.
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
   * Computes the key of a file from its compressed bytes and from everything that was verified of a written file, so that
   * a linked one need not be verified again.
   */
  #keyOf({ method, crc, size, compressedSize, isExecutable }: ZipEntry, start: number): string {
    // There are many empty files, and the number of links to one file is limited.
    if (size === 0) return "";
    const hash = createHash("sha256").update(`${method} ${crc} ${size} ${isExecutable} `);
    for (let at = 0; at < compressedSize;) {
      const piece = this.#source.read(start + at, Math.min(PIECE_BYTES, compressedSize - at));
      // The decoder will report that the archive is truncated.
      if (piece.length === 0) return "";
      hash.update(piece);
      at += piece.length;
    }
    return hash.digest("base64url");
  }
}

/** Reads the manifests of donors, and skips those that cannot be read. */
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
