/**
 * Keeps the packed files of large folders, so that only the files that have changed are packed again.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { crc32 } from "./crc32.ts";
import type { FolderItem } from "./list_folder.ts";
import type { PackedFile } from "./pack_file.ts";

/** A file in a packed archive. */
export interface KeptFile extends Omit<PackedFile, "data"> {
  /** Stamp of the file when it was listed, see {@linkcode FolderItem}. */
  readonly stamp: string;
  /** Position of its data in the archive. */
  readonly at: number;
  /** Length of its data, in bytes. */
  readonly length: number;
}

/** Describes the archive that follows it in the file of a folder. */
interface Head {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** CRC-32 of the archive. */
  readonly crc: number;
  /** The files that may be reused, by name. */
  readonly files: Readonly<Record<string, KeptFile>>;
}

const SUFFIX = ".pack";
const PARTIAL = ".part";
/** Size of the number before the head, in bytes. */
const LENGTH_BYTES = 4;
/** Size of all kept archives, in bytes; the oldest are removed first. */
const MAX_BYTES = 1024 ** 3;
/** Age at which an archive is removed, or a file that another process has not finished, in ms. */
const MAX_AGE_MS = 30 * 24 * 60 * 60_000;
const MAX_PARTIAL_AGE_MS = 60 * 60_000;
/**
 * Age from which the stamp of a file is trusted, in ms. A file that changes twice within the resolution of its file
 * system's clock has the same stamp both times.
 */
const SETTLED_MS = 2_000;

/** The packed files of a folder. */
export class KeptPack {
  readonly #path: string;
  readonly #head: Head;
  readonly #archiveAt: number;
  #archive: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param path Path of the file that holds them.
   * @param head Describes them.
   * @param archiveAt Position of the archive in the file.
   */
  constructor(path: string, head: Head, archiveAt: number) {
    this.#path = path;
    this.#head = head;
    this.#archiveAt = archiveAt;
  }

  /**
   * Finds a file that has not changed since it was packed.
   *
   * @param item The file as it is now.
   */
  find({ name, stamp }: FolderItem): KeptFile | undefined {
    const kept = Object.hasOwn(this.#head.files, name) ? this.#head.files[name] : undefined;
    return kept?.stamp === stamp ? kept : undefined;
  }

  /**
   * Reads the archive.
   *
   * @returns False if it is damaged or gone, so that none of its files can be reused.
   */
  async load(): Promise<boolean> {
    const whole = await Deno.readFile(this.#path).catch(() => undefined);
    this.#archive = whole?.subarray(this.#archiveAt);
    return this.#archive !== undefined && crc32(this.#archive) === this.#head.crc;
  }

  /** Returns the data of a file, once the archive is loaded. @param kept The file. */
  dataOf({ at, length }: KeptFile): Uint8Array<ArrayBuffer> {
    return this.#archive!.subarray(at, at + length);
  }
}

/** The packed files of several folders, each in one file of a private folder. It may be removed at any time. */
export class PackCache {
  readonly #folder: string;

  /** @param folder Absolute path of the folder for the files. Created when needed, closed to other users. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Finds what was packed of a folder.
   *
   * @param folder Absolute path of the folder.
   * @returns `undefined` if nothing was, or it cannot be read.
   */
  async find(folder: string): Promise<KeptPack | undefined> {
    const path = this.#pathOf(folder);
    try {
      using file = await Deno.open(path);
      const length = new DataView((await readExactly(file, LENGTH_BYTES)).buffer).getUint32(0);
      const { size } = await file.stat();
      if (length > size) return undefined;
      const head: Head = JSON.parse(new TextDecoder().decode(await readExactly(file, length)));
      return head.folder === folder ? new KeptPack(path, head, LENGTH_BYTES + length) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Replaces the kept archive of a folder. Does nothing if the new one cannot be written.
   *
   * @param folder Absolute path of the folder.
   * @param archive The archive.
   * @param files Its files.
   */
  async keep(
    folder: string,
    archive: Uint8Array<ArrayBuffer>,
    files: ReadonlyMap<string, KeptFile>,
  ): Promise<void> {
    const head: Head = { folder, crc: crc32(archive), files: Object.fromEntries(files) };
    const text = new TextEncoder().encode(JSON.stringify(head));
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, text.length);
    const partial = `${this.#folder}/${crypto.randomUUID()}${PARTIAL}`;
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const pieces = [length, text, archive];
      await Deno.writeFile(partial, ReadableStream.from(pieces), { createNew: true, mode: 0o600 });
      await Deno.rename(partial, this.#pathOf(folder));
      await this.#removeOld();
    } catch {
      await Deno.remove(partial).catch(() => {});
    }
  }

  #pathOf(folder: string): string {
    return `${this.#folder}/${createHash("sha256").update(folder).digest("hex").slice(0, 32)}${SUFFIX}`;
  }

  async #removeOld(): Promise<void> {
    const now = Date.now();
    const found: { readonly path: string; readonly size: number; readonly age: number }[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!name.endsWith(SUFFIX) && !name.endsWith(PARTIAL)) continue;
      const path = `${this.#folder}/${name}`;
      const info = await Deno.lstat(path).catch(() => undefined);
      if (info) found.push({ path, size: info.size, age: now - (info.mtime?.getTime() ?? 0) });
    }
    let total = 0;
    for (const { path, size, age } of found.sort((a, b) => a.age - b.age)) {
      total += size;
      const maxAge = path.endsWith(PARTIAL) ? MAX_PARTIAL_AGE_MS : MAX_AGE_MS;
      if (total > MAX_BYTES || age > maxAge) await Deno.remove(path).catch(() => {});
    }
  }
}

/**
 * Whether every later change of a file would change its stamp.
 *
 * @param item The file.
 * @param listedAt When it was listed, in ms since 1970.
 */
export function isSettled({ changedAt }: FolderItem, listedAt: number): boolean {
  return changedAt < listedAt - SETTLED_MS;
}

async function readExactly(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw new Deno.errors.UnexpectedEof();
    at += count;
  }
  return bytes;
}
