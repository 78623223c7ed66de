/**
 * The folder that an archive is extracted to.
 *
 * @module
 */

import { diskError, type FileOwner } from "../util/files.ts";
import { BerthError, InvalidArchiveError } from "../errors.ts";
import { escapeZipEntryName } from "./zip_entry_name.ts";

/** Permission bits of what is extracted. */
export interface TargetModes {
  /** Of a folder. */
  readonly folder: number;
  /** Of a file. */
  readonly file: number;
  /** Of a file that may be executed. */
  readonly executable: number;
}

/** For a folder that belongs to its user. */
export const PRIVATE_MODES: TargetModes = { folder: 0o755, file: 0o644, executable: 0o755 };
/**
 * For a folder that others see through views of their own: each may write to its view, whatever its user. Nobody can
 * reach the folder itself, which is closed.
 */
export const SHARED_MODES: TargetModes = { folder: 0o777, file: 0o666, executable: 0o777 };

const MAX_SYSTEM_PATH_BYTES = 4095;
const encoder = new TextEncoder();

/**
 * A workspace that only we write to until it is finished. Files are created, never opened: what might have been
 * planted is an error, not a way out. Modes are set whatever the process's umask.
 */
export class ExtractionTarget {
  readonly #path: string;
  readonly #pathBytes: number;
  readonly #owner: FileOwner | undefined;
  readonly #modes: TargetModes;
  #created = false;

  /**
   * Names the folder; touches nothing yet.
   *
   * @param path The folder: an absolute path.
   * @param owner Who shall own it and all in it.
   * @param modes Permission bits of what is in it.
   */
  constructor(path: string, owner?: FileOwner, modes: TargetModes = PRIVATE_MODES) {
    this.#path = path;
    this.#pathBytes = encoder.encode(path).length;
    this.#owner = owner;
    this.#modes = modes;
  }

  /** Whether {@linkcode ExtractionTarget.open} made the folder; else it was there, empty. */
  get created(): boolean {
    return this.#created;
  }

  /**
   * Makes the folder, or takes an empty one, and closes it to others.
   *
   * @throws {BerthError} It is neither missing nor an empty folder, or cannot be made.
   */
  open(): void {
    try {
      Deno.mkdirSync(this.#path, { mode: 0o700 });
      this.#created = true;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) {
        throw diskError(`create '${this.#path}'`, error);
      }
      this.#requireEmptyFolder();
      this.#try(this.#path, "prepare", (path) => Deno.chmodSync(path, 0o700));
    }
  }

  /**
   * Creates a folder.
   *
   * @param name Path of the folder below this one; the folder that it lies in exists.
   */
  addFolder(name: string): void {
    this.#try(this.#resolve(name), "create", (path) => {
      Deno.mkdirSync(path, { mode: 0o700 });
      Deno.chmodSync(path, this.#modes.folder);
    });
  }

  /**
   * Creates a file.
   *
   * @param name Path of the file below this folder; the folder that it lies in exists, the file does not.
   * @param executable Whether it may be executed. No other bits than those of the modes are ever set.
   * @returns Writes to the file until it is disposed of.
   */
  createFile(name: string, executable: boolean): Disposable & { write(chunk: Uint8Array): void } {
    const path = this.#resolve(name);
    const file = this.#try(path, "create", () => {
      const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
      try {
        Deno.chmodSync(path, executable ? this.#modes.executable : this.#modes.file);
        this.#give(path);
        return file;
      } catch (error) {
        file.close();
        throw error;
      }
    });
    return {
      write: (chunk) =>
        this.#try(path, "write", () => {
          for (let done = 0; done < chunk.length;) done += file.writeSync(chunk.subarray(done));
        }),
      [Symbol.dispose]: () => file.close(),
    };
  }

  /**
   * Creates a file that shares its content, mode and times with another one.
   *
   * @param name Path of the file below this folder; the folder that it lies in exists, the file does not.
   * @param from Absolute path of the other file.
   * @returns False where the file system refuses or the other file is gone.
   */
  linkFile(name: string, from: string): boolean {
    const path = this.#resolve(name);
    try {
      Deno.linkSync(from, path);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Sets the time of change of a file, so that it depends on nothing but the archive.
   *
   * @param name Path of the file below this folder.
   * @param time Seconds since 1970.
   */
  setTime(name: string, time: number): void {
    this.#try(this.#resolve(name), "set the time of", (path) => Deno.utimeSync(path, new Date(), time));
  }

  /**
   * Hands everything over to its owner.
   *
   * @param folders The folders that were added.
   */
  finish(folders: readonly string[]): void {
    for (const folder of folders) {
      this.#try(this.#resolve(folder), "change the owner of", (path) => this.#give(path));
    }
    this.#try(this.#path, "change the owner of", (path) => this.#give(path));
  }

  /**
   * Removes all that was written, and the folder too unless it was there before.
   *
   * @throws {BerthError} Something is left.
   */
  remove(): void {
    this.#try(this.#path, "remove what was extracted to", (path) => {
      if (this.#created) return Deno.removeSync(path, { recursive: true });
      for (const { name } of Deno.readDirSync(path)) Deno.removeSync(`${path}/${name}`, { recursive: true });
    });
  }

  #requireEmptyFolder(): void {
    const empty = this.#try(this.#path, "look into", (path) => {
      return Deno.lstatSync(path).isDirectory && [...Deno.readDirSync(path)].length === 0;
    });
    if (!empty) {
      throw new BerthError(
        "archive/destination",
        `Cannot extract to '${this.#path}': something is there already. Use a path to nothing, or to an empty folder.`,
      );
    }
  }

  #resolve(name: string): string {
    const length = this.#pathBytes + 1 + encoder.encode(name).length;
    if (length > MAX_SYSTEM_PATH_BYTES) {
      const label = escapeZipEntryName(name);
      throw new InvalidArchiveError(
        "bad-name",
        `The archive's entry name '${label}' is too long to extract: ${length} bytes with its destination, more than ${MAX_SYSTEM_PATH_BYTES}. Shorten it.`,
        label,
      );
    }
    return `${this.#path}/${name}`;
  }

  #give(path: string): void {
    if (this.#owner !== undefined) Deno.chownSync(path, this.#owner.uid, this.#owner.gid);
  }

  #try<T>(path: string, action: string, work: (path: string) => T): T {
    try {
      return work(path);
    } catch (error) {
      throw diskError(`${action} '${path}'`, error);
    }
  }
}
