/**
 * The secrets of each container as files in memory.
 *
 * @module
 */

import { dirname } from "node:path";
import { type FileOwner, onDisk, unlessMissing } from "../util/files.ts";
import { ensurePrivateDir } from "../util/private_dir.ts";
import { ensureMemoryFolder, memoryFolderPlace } from "./memory_folder.ts";
import type { MemoryFolderOptions } from "./memory_folder.ts";

/** Options of {@linkcode SecretFolders}. */
export interface SecretFoldersOptions extends MemoryFolderOptions {
  /** Name of the instance. */
  readonly instance: string;
}

/** A file that only its owner may read, and a folder that only its owner may enter. */
const OWN = { file: 0o400, folder: 0o500 } as const;
/** The same for a bot whose user cannot be made the owner. The folders above are closed to all other users. */
const SHARED = { file: 0o444, folder: 0o555 } as const;

/** How often a folder is made again that was removed at once. */
const MAX_TRIES = 20;

/** Makes, reads and removes one folder for each container; its name is that of the container's workspace. */
export class SecretFolders {
  readonly #options: SecretFoldersOptions;

  /** @param options See {@linkcode SecretFoldersOptions}. */
  constructor(options: SecretFoldersOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that there is a place for the folders.
   *
   * @throws {BerthError} If there is no folder in memory (`secrets/no-memory`).
   */
  async ensure(): Promise<void> {
    await ensureMemoryFolder(this.#options);
  }

  /**
   * Writes the secrets of a container.
   *
   * @param name Name of the container's workspace.
   * @param values Values by name of the secret.
   * @param owner User that the bot runs as.
   * @returns Absolute path of the folder.
   * @throws {BerthError} If there is no folder in memory (`secrets/no-memory`), or writing fails (`archive/io`).
   */
  async create(name: string, values: ReadonlyMap<string, string>, owner: FileOwner): Promise<string> {
    const { uid } = this.#options;
    const folder = await this.#make(name);
    await onDisk(`write '${folder}'`, async () => {
      const modes = uid === 0 || owner.uid === uid ? OWN : SHARED;
      const give = async (path: string, mode: number) => {
        if (uid === 0) await Deno.chown(path, owner.uid, owner.gid);
        // Not left to the umask.
        await Deno.chmod(path, mode);
      };
      for (const [secret, value] of values) {
        const file = `${folder}/${secret}`;
        await Deno.writeTextFile(file, value, { createNew: true, mode: 0o400 });
        await give(file, modes.file);
      }
      await give(folder, modes.folder);
    });
    return folder;
  }

  /**
   * Tells whether a container's folder is as it was, without reading the secrets.
   *
   * @param name Name of the container's workspace.
   * @returns Changes when a file is added or removed; `undefined` if there is no such folder.
   */
  async version(name: string): Promise<number | undefined> {
    const info = await unlessMissing(Deno.lstat(`${this.#parent}/${name}`)).catch(unlessClosed);
    return info?.isDirectory ? info.mtime?.getTime() : undefined;
  }

  /**
   * Reads the secrets that a container was given.
   *
   * @param name Name of the container's workspace.
   * @returns Values by name; `undefined` if there is no such folder.
   */
  async read(name: string): Promise<Map<string, string> | undefined> {
    const folder = await this.#find(name);
    if (folder === undefined) return undefined;
    const values = new Map<string, string>();
    await onDisk(`read '${folder}'`, async () => {
      for await (const { name } of Deno.readDir(folder)) {
        values.set(name, await Deno.readTextFile(`${folder}/${name}`));
      }
    });
    return values;
  }

  /**
   * Removes the secrets of a container, if there are any.
   *
   * @param name Name of the container's workspace.
   */
  async remove(name: string): Promise<void> {
    const folder = await this.#find(name);
    if (folder === undefined) return;
    await onDisk(`remove '${folder}'`, async () => {
      // Its owner may not remove files from a folder that is read-only.
      if (this.#options.uid !== 0) await unlessMissing(Deno.chmod(folder, 0o700));
      await unlessMissing(Deno.remove(folder, { recursive: true }));
    });
    // Fails while other containers have secrets.
    await Deno.remove(dirname(folder)).catch(() => {});
  }

  /** Returns the names of all containers that have a folder. */
  async names(): Promise<string[]> {
    const names = Array.fromAsync(Deno.readDir(this.#parent), ({ name }) => name);
    return await unlessMissing(names).catch(unlessClosed) ?? [];
  }

  /** Another container's removal may take the folder above along. */
  async #make(name: string): Promise<string> {
    const { uid } = this.#options;
    const parent = this.#parent;
    const folder = `${parent}/${name}`;
    await ensureMemoryFolder(this.#options);
    return await onDisk(`create '${folder}'`, async () => {
      for (let tries = 1;; tries++) {
        await ensurePrivateDir(parent, { setting: "SECRETS_RUN_DIR", uid });
        try {
          await Deno.mkdir(folder, { mode: 0o700 });
          return folder;
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound) || tries === MAX_TRIES) throw error;
        }
      }
    });
  }

  async #find(name: string): Promise<string | undefined> {
    const folder = `${this.#parent}/${name}`;
    const info = await unlessMissing(Deno.lstat(folder)).catch(unlessClosed);
    return info?.isDirectory ? folder : undefined;
  }

  get #parent(): string {
    return `${memoryFolderPlace(this.#options)}/${this.#options.instance}`;
  }
}

/**
 * A folder that another user has made at this place holds nothing of Berth's. A process whose permissions lack the folder
 * has put nothing there either.
 */
function unlessClosed(error: unknown): undefined {
  const { PermissionDenied, NotCapable } = Deno.errors;
  if (!(error instanceof PermissionDenied || error instanceof NotCapable)) throw error;
}
