/**
 * A lock between the processes of one machine.
 *
 * @module
 */

import { unlessMissing } from "./files.ts";

/** Description of a process that holds a lock. */
export interface LockHolder {
  /** Description for people. */
  readonly about: string;
  /** When it last renewed the lock, by this machine's clock; absent if that cannot be read. */
  readonly renewedAt?: Date;
}

/** Options of {@linkcode FolderLock.tryAcquire} and {@linkcode FolderLock.readHolder}. */
export interface FolderLockOptions {
  /** Whether the lock is shared with other holders of a shared lock. @default {false} */
  readonly shared?: boolean;
}

/** File in the folder that describes the holder. The lock itself is the handle of the folder. */
const HOLDER = "holder";

/**
 * A lock on an open folder. The kernel releases it when the process ends, for whatever reason, so a lock is never stale. A
 * cleaner of temporary files may remove the folder: {@linkcode FolderLock.renew} notices that.
 */
export class FolderLock implements AsyncDisposable {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly #about: string;
  readonly #shared: boolean;
  #handle: Deno.FsFile;

  private constructor(path: string, about: string, shared: boolean, handle: Deno.FsFile) {
    this.path = path;
    this.#about = about;
    this.#shared = shared;
    this.#handle = handle;
  }

  /**
   * Acquires a lock if it is free.
   *
   * @param path Absolute path of the folder. Created if needed, closed to other users.
   * @param about Description of the holder for people.
   * @param options See {@linkcode FolderLockOptions}.
   * @returns The lock, which is released when it is disposed; `undefined` if another process holds it.
   */
  static async tryAcquire(
    path: string,
    about: string,
    { shared = false }: FolderLockOptions = {},
  ): Promise<FolderLock | undefined> {
    const handle = await lockFolder(path, shared);
    if (!handle) return undefined;
    const lock = new FolderLock(path, about, shared, handle);
    await lock.#sign();
    return lock;
  }

  /**
   * Reads whether a lock is held.
   *
   * @param path Absolute path of the folder.
   * @param options The lock that one would ask for: a shared lock only conflicts with an exclusive one.
   * @returns The holder; `"free"` if there is none, `"missing"` if there is no such folder.
   * @throws {Error} If the folder cannot be read.
   */
  static async readHolder(
    path: string,
    { shared = false }: FolderLockOptions = {},
  ): Promise<LockHolder | "free" | "missing"> {
    const handle = await unlessMissing(Deno.open(path));
    if (!handle) return "missing";
    try {
      if (await handle.tryLock(!shared)) return "free";
    } finally {
      handle.close();
    }
    const [about, info] = await Promise.all([
      Deno.readTextFile(`${path}/${HOLDER}`).catch(() => ""),
      Deno.stat(`${path}/${HOLDER}`).catch(() => undefined),
    ]);
    return {
      about: about.trim() || "a process that has just begun",
      ...(info?.mtime && { renewedAt: info.mtime }),
    };
  }

  /** Whether the folder at the path still is the locked one. Synchronous. */
  isHeld(): boolean {
    try {
      const there = Deno.statSync(this.path);
      const held = this.#handle.statSync();
      return there.ino === held.ino && there.dev === held.dev;
    } catch {
      return false;
    }
  }

  /**
   * Renews the lock, and acquires it again if its folder was removed.
   *
   * @returns `regained` if the folder was missing and has been created again, `lost` if another process has the lock now.
   */
  async renew(): Promise<"held" | "regained" | "lost"> {
    if (this.isHeld()) {
      await this.#sign();
      return "held";
    }
    const handle = await lockFolder(this.path, this.#shared);
    if (!handle) return "lost";
    this.#handle.close();
    this.#handle = handle;
    await this.#sign();
    return "regained";
  }

  /** Releases the lock. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isHeld()) {
      await Deno.remove(`${this.path}/${HOLDER}`).catch(() => {});
      await Deno.remove(this.path).catch(() => {});
    }
    this.#handle.close();
  }

  async #sign(): Promise<void> {
    // Written again, since cleaners also check the age of the content.
    await Deno.writeTextFile(`${this.path}/${HOLDER}`, `${this.#about}\n`, { mode: 0o600 }).catch(() => {});
  }
}

/** Opens and locks a folder; returns `undefined` if another process has the lock. */
async function lockFolder(path: string, shared: boolean): Promise<Deno.FsFile | undefined> {
  while (true) {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    const handle = await unlessMissing(Deno.open(path));
    if (!handle) continue;
    if (!await handle.tryLock(!shared)) {
      handle.close();
      return undefined;
    }
    const [there, held] = await Promise.all([unlessMissing(Deno.stat(path)), handle.stat()]);
    if (there?.ino === held.ino && there.dev === held.dev) return handle;
    // The last holder removed the folder after it was opened here.
    handle.close();
  }
}
