/**
 * How much of a file in a folder counts, and what is kept with it: a file that is appended to holds, after a
 * crash, bytes that nobody was told of.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { syncToDisk, writeToDisk } from "./durable_file.ts";
import type { ObjectMetadata } from "../object_store.ts";
import { unlessMissing } from "../../util/files.ts";

/** What counts of one file. */
export interface LengthRecord {
  /** How many of its bytes. */
  readonly length: number;
  /** What is kept with it. */
  readonly metadata: ObjectMetadata;
  /** Another one after each change. */
  readonly version: string;
}

/** As it is on the disk: with what tells the file from another one of its name. */
interface StoredRecord extends LengthRecord {
  readonly file: string;
}

/** Records of the files of one folder, each in a file of its own beside them. */
export class LengthRecords {
  readonly #folder: string;
  readonly #temporary: string;

  /**
   * @param folder Where the records are.
   * @param temporary Where they are written before they are renamed; it must exist by then.
   */
  constructor(folder: string, temporary: string) {
    this.#folder = folder;
    this.#temporary = temporary;
  }

  /**
   * Reads a record.
   *
   * @param name What the file is called.
   * @param file The file as it is.
   * @returns The record; `undefined` when there is none of this very file: then all of it counts.
   */
  async read(name: string, file: Deno.FileInfo): Promise<LengthRecord | undefined> {
    const text = await unlessMissing(Deno.readTextFile(this.#path(name)));
    if (text === undefined) return undefined;
    const { file: of, ...record }: StoredRecord = JSON.parse(text);
    return of === identityOf(file) && file.size >= record.length ? record : undefined;
  }

  /**
   * Writes a record, in place of the one before, at once and durably. It says nothing of another file: written
   * before a new file is given its name, it counts from that moment on.
   *
   * @param name What the file is, or will be, called.
   * @param file The file.
   * @param length How many of its bytes count.
   * @param metadata What is kept with it.
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
   * Keeps others, also other processes, from making a file of the same name at the same time.
   *
   * @returns Dispose it when the file has its name.
   */
  async lock(): Promise<Disposable> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await Deno.open(join(this.#folder, "lock"), { create: true, write: true, mode: 0o600 });
    await file.lock(true);
    return file;
  }

  /** Removes a record. @param name What the file was called. */
  async remove(name: string): Promise<void> {
    await unlessMissing(Deno.remove(this.#path(name)));
  }

  /** A key may be longer than a file's name. */
  #path(name: string): string {
    return join(this.#folder, createHash("sha256").update(name).digest("hex"));
  }
}

/** A number of an inode is used again, with another time of birth. */
function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? 0}-${birthtime?.getTime() ?? 0}`;
}
