/**
 * The folder that an archive is extracted to.
 *
 * @module
 */

import { diskError, type FileOwner } from "../util/files.ts";
import { BerthError, InvalidArchiveError } from "../errors.ts";
import { escapeZipEntryName } from "./zip_entry_name.ts";

/** Permission bits of extracted files and folders. */
export interface TargetModes {
  /** Bits of a folder. */
  readonly folder: number;
  /** Bits of a file. */
  readonly file: number;
  /** Bits of an executable file. */
  readonly executable: number;
}

/** Permission bits for a folder that belongs to its user. */
export const PRIVATE_MODES: TargetModes = { folder: 0o755, file: 0o644, executable: 0o755 };
/**
 * Bits for a folder that containers see through views: each container may write to its own view, whatever its user. The
 * folder itself is closed to everybody.
 */
export const SHARED_MODES: TargetModes = { folder: 0o777, file: 0o666, executable: 0o777 };

const MAX_SYSTEM_PATH_BYTES = 4095;
const encoder = new TextEncoder();

/** A file that is being written. */
export interface NewFile extends Disposable {
  /** Lets everyone who may read it execute it. */
  makeExecutable(): void;
  /** Appends bytes. */
  write(chunk: Uint8Array): void;
}

/**
 * A folder that only Berth writes to until the extraction is finished. The class creates files and never opens existing
 * ones, so a planted link causes an error and leads nowhere. It sets modes independently of the process's umask.
 */
export class ExtractionTarget {
  readonly #path: string;
  readonly #pathBytes: number;
  readonly #owner: FileOwner | undefined;
  readonly #modes: TargetModes;
  #isCreated = false;

  /**
   * @param path Absolute path of the folder.
   * @param owner Owner of the folder and its content.
   * @param modes Permission bits of the content.
   */
  constructor(path: string, owner?: FileOwner, modes: TargetModes = PRIVATE_MODES) {
    this.#path = path;
    this.#pathBytes = encoder.encode(path).length;
    this.#owner = owner;
    this.#modes = modes;
  }

  /** Whether {@linkcode ExtractionTarget.open} has created the folder; otherwise it existed and was empty. */
  get isCreated(): boolean {
    return this.#isCreated;
  }

  /**
   * Creates the folder, or takes an empty one, and closes it to other users.
   *
   * @throws {BerthError} If the path exists and is not an empty folder, or the folder cannot be created.
   */
  open(): void {
    try {
      Deno.mkdirSync(this.#path, { mode: 0o700 });
      this.#isCreated = true;
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
   * @param name Path below this folder. The parent must exist.
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
   * @param name Path below this folder. The parent must exist, and the file must not.
   * @param isExecutable Whether the file is executable. Only bits of the modes are ever set.
   * @returns The file, open for writing until it is disposed.
   */
  createFile(name: string, isExecutable: boolean): NewFile {
    const path = this.#resolve(name);
    const file = this.#try(path, "create", () => {
      const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
      try {
        Deno.chmodSync(path, isExecutable ? this.#modes.executable : this.#modes.file);
        this.#give(path);
        return file;
      } catch (error) {
        file.close();
        throw error;
      }
    });
    return {
      makeExecutable: () =>
        this.#try(path, "change the mode of", () => Deno.chmodSync(path, this.#modes.executable)),
      write: (chunk) =>
        this.#try(path, "write", () => {
          for (let done = 0; done < chunk.length;) done += file.writeSync(chunk.subarray(done));
        }),
      [Symbol.dispose]: () => file.close(),
    };
  }

  /**
   * Links a file, which shares its content, mode and times with the original.
   *
   * @param name Path below this folder. The parent must exist, and the file must not.
   * @param from Absolute path of the original.
   * @returns False if the file system refuses, or the original is missing.
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
   * Sets the time of change of a file, so that it depends only on the archive.
   *
   * @param name Path of the file below this folder.
   * @param time Seconds since 1970.
   */
  setTime(name: string, time: number): void {
    this.#try(this.#resolve(name), "set the time of", (path) => Deno.utimeSync(path, new Date(), time));
  }

  /**
   * Gives all folders to their owner.
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
   * Removes everything that was written, and the folder if {@linkcode ExtractionTarget.open} has created it.
   *
   * @throws {BerthError} If the removal is incomplete.
   */
  remove(): void {
    this.#try(this.#path, "remove what was extracted to", (path) => {
      if (this.#isCreated) return Deno.removeSync(path, { recursive: true });
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
        `Cannot extract to '${this.#path}': it exists and is not an empty folder.`,
        { advice: "Use a path that does not exist, or an empty folder." },
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
