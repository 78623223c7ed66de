/**
 * A lock between processes of one machine.
 *
 * @module
 */

import { unlessMissing } from "./files.ts";

/** What a process that holds a lock says of itself. */
export interface LockHolder {
  /** In words. */
  readonly about: string;
  /** When it last renewed the lock, by this machine's clock; absent where that cannot be read. */
  readonly renewedAt?: Date;
}

/** Options of {@linkcode FolderLock.tryAcquire} and {@linkcode FolderLock.look}. */
export interface FolderLockOptions {
  /** Whether others may hold the lock too, if they also say so. @default {false} */
  readonly shared?: boolean;
}

/** Who holds the lock, beside the folder's handle that is the lock itself. */
const HOLDER = "holder";

/**
 * A lock on an open folder. The kernel gives it up with the process, however that ends, so a lock is never stale. A
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
   * Takes a lock, if nobody has it.
   *
   * @param path Absolute path of the folder. It is made, closed to other users.
   * @param about What the holder says of itself.
   * @param options See {@linkcode FolderLockOptions}.
   * @returns The lock, or `undefined` when another process has it. Dispose it to give it up.
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
   * Looks whether a lock is held.
   *
   * @param path Absolute path of the folder.
   * @param options What one would ask for: a shared lock is in the way of an exclusive one only.
   * @returns Its holder; `"free"` when nobody has it, `"missing"` when there is no such folder.
   * @throws when the folder cannot be looked at.
   */
  static async look(
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

  /** Whether the folder at the path is the one that is locked. Asks without a wait. */
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
   * Shows that the holder lives, and takes the lock again where somebody removed its folder.
   *
   * @returns `lost` when another process has it now; `regained` when its folder was gone and was made anew.
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

  /** Gives the lock up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isHeld()) {
      await Deno.remove(`${this.path}/${HOLDER}`).catch(() => {});
      await Deno.remove(this.path).catch(() => {});
    }
    this.#handle.close();
  }

  async #sign(): Promise<void> {
    // Written anew: a cleaner goes by the age of what is inside, too.
    await Deno.writeTextFile(`${this.path}/${HOLDER}`, `${this.#about}\n`, { mode: 0o600 }).catch(() => {});
  }
}

/** @returns The locked folder's handle, or `undefined` when another process has the lock. */
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
    // Its last holder removed it between our opening and locking it.
    handle.close();
  }
}
