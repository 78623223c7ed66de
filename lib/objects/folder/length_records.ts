/**
 * Records the committed length and the metadata of each file. Bytes past that length are an append that a crash cut off.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { syncToDisk, writeToDisk } from "../../util/durable_file.ts";
import type { ObjectMetadata } from "../object_store.ts";
import { unlessMissing } from "../../util/files.ts";

/** Record of one file. */
export interface LengthRecord {
  /** Committed length in bytes. */
  readonly length: number;
  /** Metadata of the object. */
  readonly metadata: ObjectMetadata;
  /** Id that changes with each record. */
  readonly version: string;
}

/** A record as it is stored, with the identity of the file: another file may get the same name. */
interface StoredRecord extends LengthRecord {
  readonly file: string;
}

/** Keeps the records of one folder's files, each in its own file beside them. */
export class LengthRecords {
  readonly #folder: string;
  readonly #temporary: string;

  /**
   * @param folder Folder of the records.
   * @param temporary Folder in which a record is written before it is renamed. It must exist by then.
   */
  constructor(folder: string, temporary: string) {
    this.#folder = folder;
    this.#temporary = temporary;
  }

  /**
   * Reads a record.
   *
   * @param name Name of the file.
   * @param file Description of the file.
   * @returns The record; `undefined` if this file has none, so that all of its bytes count.
   */
  async read(name: string, file: Deno.FileInfo): Promise<LengthRecord | undefined> {
    const text = await unlessMissing(Deno.readTextFile(this.#path(name)));
    if (text === undefined) return undefined;
    const { file: of, ...record }: StoredRecord = JSON.parse(text);
    return of === identityOf(file) && file.size >= record.length ? record : undefined;
  }

  /**
   * Writes a record atomically and durably. The record only applies to the given file: if it is written before the file
   * gets its name, it takes effect with the name.
   *
   * @param name Present or future name of the file.
   * @param file Description of the file.
   * @param length Committed length in bytes.
   * @param metadata Metadata of the object.
   * @returns The record.
   */
  async write(
    name: string,
    file: Deno.FileInfo,
    length: number,
    metadata: ObjectMetadata,
  ): Promise<LengthRecord> {
    const record: LengthRecord = { length, metadata, version: crypto.randomUUID() };
    const stored: StoredRecord = { ...record, file: identityOf(file) };
    const temporary = join(this.#temporary, crypto.randomUUID());
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeToDisk(temporary, new TextEncoder().encode(JSON.stringify(stored)));
      await Deno.rename(temporary, this.#path(name));
    } catch (error) {
      await unlessMissing(Deno.remove(temporary));
      throw error;
    }
    await syncToDisk(this.#folder);
    return record;
  }

  /**
   * Keeps other calls, also of other processes, from making a file of the same name at the same time.
   *
   * @returns A lock. Dispose it once the file has its name.
   */
  async lock(): Promise<Disposable> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await Deno.open(join(this.#folder, "lock"), { create: true, write: true, mode: 0o600 });
    await file.lock(true);
    return file;
  }

  /** Removes a record. @param name Name that the file had. */
  async remove(name: string): Promise<void> {
    await unlessMissing(Deno.remove(this.#path(name)));
  }

  /** Hashes the name, since a key may be longer than the name of a file can be. */
  #path(name: string): string {
    return join(this.#folder, createHash("sha256").update(name).digest("hex"));
  }
}

/** Identifies a file by inode and time of birth, since inode numbers are reused. */
function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? 0}-${birthtime?.getTime() ?? 0}`;
}
