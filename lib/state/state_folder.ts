/**
 * The folder of one bot's state on this host, with what belongs to it.
 *
 * @module
 */

import { removeTree } from "../code/remove_tree.ts";
import { messageOf } from "../errors.ts";
import { type FileOwner, onDisk, unlessMissing } from "../util/files.ts";
import { readStateMeta, type StateMeta, writeStateMeta } from "./state_meta.ts";
import { StateError } from "./state_error.ts";

/** Age at which a folder that nothing names counts as left by a dead process, in ms. */
const ABANDONED_MS = 60 * 60_000;
const META_FILE = "meta.json";
const OUTBOX = "outbox";
/**
 * Removes everything in a folder, which no other process uses.
 *
 * @param folder Absolute path of the folder, which stays.
 * @param signal Cancels the call.
 */
export type EmptyFolder = (folder: string, signal: AbortSignal) => Promise<void>;

/** Beginning of the names of folders that nobody but the operator removes. */
const KEPT = "kept-";

/**
 * The folder of one bot's state:
 *
 * - `meta.json` names the folder that is mounted, so that replacing this file swaps the state in one step;
 * - `data-…` are folders of files: the one in use, and those that a restore has made;
 * - `kept-…` are folders that a restore has replaced and that could not be made a snapshot;
 * - `outbox` has snapshots that are complete and not yet in the object store.
 */
export class StateFolder {
  /** Id of the bot. */
  readonly id: string;
  /** Absolute path. */
  readonly path: string;
  readonly #busy = new Set<string>();

  /** @param id Id of the bot. @param path Absolute path. */
  constructor(id: string, path: string) {
    this.id = id;
    this.path = path;
  }

  /** Folder of snapshots that wait for the object store. */
  get outbox(): string {
    return `${this.path}/${OUTBOX}`;
  }

  /** Absolute path of a folder of files. @param name Its name. */
  data(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Reads what is known; `undefined` if there is no state here. */
  async read(): Promise<StateMeta | undefined> {
    return await readStateMeta(`${this.path}/${META_FILE}`);
  }

  /** Writes what is known. @param meta The new content. */
  async write(meta: StateMeta): Promise<void> {
    await this.#guarded(() => writeStateMeta(`${this.path}/${META_FILE}`, meta));
  }

  /** Makes an empty folder of files, which {@linkcode clean} leaves alone until it is released. */
  async make(): Promise<string> {
    const name = `data-${crypto.randomUUID().slice(0, 8)}`;
    this.#busy.add(name);
    await this.#guarded(() =>
      onDisk(`create '${this.data(name)}'`, async () => {
        await Deno.mkdir(this.path, { recursive: true, mode: 0o700 });
        await Deno.mkdir(this.data(name), { mode: 0o700 });
      })
    );
    return name;
  }

  /** Ends the protection of a folder that {@linkcode make} has made. @param name Its name. */
  release(name: string): void {
    this.#busy.delete(name);
  }

  /** Makes the folder of the outbox, and returns a path for a new file in it. @param name Its name. */
  async inOutbox(name: string): Promise<string> {
    await this.#guarded(() =>
      onDisk(`create '${this.outbox}'`, () => Deno.mkdir(this.outbox, { recursive: true, mode: 0o700 }))
    );
    return `${this.outbox}/${name}`;
  }

  /** Whether a folder of files is there. @param name Its name. @throws {StateError} If it is something else. */
  async has(name: string): Promise<boolean> {
    const path = this.data(name);
    const info = await onDisk(`look at '${path}'`, () => unlessMissing(Deno.lstat(path)));
    if (info && !info.isDirectory) throw this.unusable(`'${path}' is not a folder`);
    return info !== undefined;
  }

  /**
   * Gives a folder of files to a user, unless it is the user's. No other process may write to the folder meanwhile.
   *
   * @param name Name of the folder.
   * @param owner The user.
   */
  async give(name: string, { uid, gid }: FileOwner): Promise<void> {
    const root = this.data(name);
    const isOwners = async (path: string) => {
      const info = await Deno.lstat(path);
      return info.uid === uid && info.gid === gid;
    };
    if (await onDisk(`look at '${root}'`, () => isOwners(root))) return;
    await this.#guarded(() =>
      onDisk(`give '${root}' to user ${uid}`, async () => {
        const pending = [root];
        for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
          for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
            const path = `${folder}/${name}`;
            if (isDirectory) pending.push(path);
            // A change of owner would follow the link.
            else if (!isSymlink) await unlessMissing(Deno.chown(path, uid, gid));
          }
          if (folder !== root) await Deno.chown(folder, uid, gid);
        }
        // Last: until then, the next attempt begins again.
        await Deno.chown(root, uid, gid);
      })
    );
  }

  /**
   * Removes folders of files that nothing names, such as those of a restore whose process was killed.
   *
   * @returns Paths of those that cannot be removed: a bot may have made a folder whose name is not UTF-8.
   */
  async clean(meta: StateMeta, now: number): Promise<string[]> {
    const left: string[] = [];
    for (const { name } of await Array.fromAsync(Deno.readDir(this.path))) {
      const isNamed = [meta.folder, meta.pending, META_FILE, OUTBOX].includes(name) || name.startsWith(KEPT);
      if (isNamed || this.#busy.has(name)) continue;
      const info = await unlessMissing(Deno.lstat(this.data(name)));
      // Another process may be working on it.
      if (info && now - (info.mtime?.getTime() ?? 0) < ABANDONED_MS) continue;
      await this.discard(name).catch(() => left.push(this.data(name)));
    }
    return left;
  }

  /** Sets a folder of files aside, so that it stays until the bot's data are purged. @returns Its new path. */
  async keep(name: string): Promise<string> {
    const path = this.data(`${KEPT}${name}`);
    await onDisk(`rename '${this.data(name)}'`, () => Deno.rename(this.data(name), path));
    return path;
  }

  /** Removes a folder of files. @param name Its name. */
  async discard(name: string): Promise<void> {
    await removeOwnTree(this.data(name));
    this.#busy.delete(name);
  }

  /**
   * Removes everything.
   *
   * @param empty Removes what this process cannot, such as folders whose names are not UTF-8.
   * @param signal Cancels the call.
   * @throws {StateError} If it cannot be removed.
   */
  async remove(empty: EmptyFolder, signal: AbortSignal): Promise<void> {
    try {
      const isRemoved = await removeOwnTree(this.path).then(() => true, () => false);
      if (isRemoved) return;
      await empty(this.path, signal);
      await removeOwnTree(this.path);
    } catch (cause) {
      signal.throwIfAborted();
      throw new StateError("unusable", `Cannot remove '${this.path}': ${messageOf(cause)}.`, {
        advice: `Remove the folder yourself: rm -rf '${this.path}'.`,
        cause,
      });
    }
  }

  /** The error of a folder that cannot be used. @param why Why. @param cause The error behind it. */
  unusable(why: string, cause?: unknown): StateError {
    return new StateError("unusable", `Cannot use the state of '${this.id}': ${why}.`, {
      advice: "DATA_DIR must be a folder that Berth may write to, on a disk with free space.",
      cause,
    });
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const summary = error instanceof Error && "summary" in error ? String(error.summary) : String(error);
      throw this.unusable(summary.replace(/\.$/, ""), error);
    }
  }
}

/** Removes a folder in which a bot may have taken its own rights away. */
async function removeOwnTree(path: string): Promise<void> {
  await onDisk(`remove '${path}'`, async () => {
    try {
      await removeTree(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      await openTree(path);
      await removeTree(path);
    }
  });
}

async function openTree(path: string): Promise<void> {
  await Deno.chmod(path, 0o700);
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) await openTree(`${path}/${name}`);
  }
}
