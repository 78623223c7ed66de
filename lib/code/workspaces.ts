/**
 * The workspaces of containers: made before the start, removed with the container.
 *
 * @module
 */

import { diskError, onDisk, unlessMissing } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";

/**
 * Removes a folder that Berth itself may not touch, because a bot wrote files of another user into it.
 *
 * @param parent Absolute path of the folder's parent.
 * @param name Name of the folder in it.
 */
export type ForcedRemoval = (parent: string, name: string) => Promise<void>;

/** Names the tree of a folder's container. */
const TREE_FILE = "tree";

/** Makes and removes the workspaces of one instance's containers, all inside one parent folder. */
export class Workspaces {
  readonly #parent: string;
  readonly #ready: () => Promise<unknown>;
  readonly #inUse = new Set<string>();

  /**
   * @param parent Absolute path of the folder that holds them. Made, closed to other users, when it is needed.
   * @param ready Called before it is made, read or written to: makes sure that the folder above it is safe.
   */
  constructor(parent: string, ready: () => Promise<unknown> = () => Promise.resolve()) {
    this.#parent = parent;
    this.#ready = ready;
  }

  /**
   * Makes a folder. Until {@linkcode release} or {@linkcode remove}, {@linkcode idle} does not name it.
   *
   * @param prefix What it is for; a random part is added, so that two starts never share a folder.
   * @returns Its name.
   */
  async create(prefix: string): Promise<string> {
    await this.#ready();
    await onDisk(
      `create '${this.#parent}'`,
      () => Deno.mkdir(this.#parent, { recursive: true, mode: 0o700 }),
    );
    const name = `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    this.#inUse.add(name);
    await onDisk(`create '${this.path(name)}'`, () => Deno.mkdir(this.path(name), { mode: 0o700 }));
    return name;
  }

  /**
   * Notes which tree the container of a folder uses: for as long as the folder is there, the tree is in use.
   *
   * @param name Name of the folder.
   * @param sha256 Hash of the tree's archive.
   */
  async hold(name: string, sha256: string): Promise<void> {
    const path = `${this.path(name)}/${TREE_FILE}`;
    await onDisk(`write '${path}'`, () => Deno.writeTextFile(path, sha256, { mode: 0o600 }));
  }

  /** Names of all folders. */
  async names(): Promise<string[]> {
    const entries = await onDisk(
      `read '${this.#parent}'`,
      () => unlessMissing(Array.fromAsync(Deno.readDir(this.#parent))),
    );
    return (entries ?? []).map(({ name }) => name).sort();
  }

  /** Hashes of all trees that are in use. */
  async held(): Promise<Set<string>> {
    const held = (await this.names()).map((name) => this.holdOf(name));
    return new Set((await Promise.all(held)).filter((sha256) => sha256 !== undefined));
  }

  /** Hash of the tree that a folder's container uses. @param name Name of the folder. */
  async holdOf(name: string): Promise<string | undefined> {
    const path = `${this.path(name)}/${TREE_FILE}`;
    return await onDisk(`read '${path}'`, () => unlessMissing(Deno.readTextFile(path)));
  }

  /** Absolute path of a folder. @param name Its name. */
  path(name: string): string {
    return `${this.#parent}/${name}`;
  }

  /** Whether a start or a removal is under way that uses the folder. @param name Its name. */
  isReserved(name: string): boolean {
    return this.#inUse.has(name);
  }

  /** From now on a container names the folder. @param name Its name. */
  release(name: string): void {
    this.#inUse.delete(name);
  }

  /**
   * Removes a folder and what is in it; no error when there is none.
   *
   * @param name Its name. One that could mean anything outside the parent is refused.
   * @param forced Used where the operating system refuses.
   * @throws {TypeError} If `name` is not the name of a workspace.
   * @throws {InvalidConfigError} If the folder above is not safe: nothing is touched then.
   * @throws {BerthError} If something is left (`archive/io`).
   */
  async remove(name: string, forced: ForcedRemoval): Promise<void> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
      throw new TypeError(`Cannot remove the folder '${name}': this is not the name of a workspace.`);
    }
    this.#inUse.add(name);
    try {
      await this.#ready();
      const isRemoved = await removeTree(this.path(name)).then(() => true, rethrowNotCapable);
      if (isRemoved) return;
      await forced(this.#parent, name);
      await onDisk(`remove '${this.path(name)}'`, () => removeTree(this.path(name)));
    } finally {
      this.#inUse.delete(name);
    }
  }

  /** Names of the folders that no start and no removal under way uses. */
  async idle(): Promise<string[]> {
    // What ends while the folders are read has taken one away, or given it a container.
    const before = new Set(this.#inUse);
    await this.#ready();
    const names = await this.names();
    const isIdle = (name: string) => !before.has(name) && !this.#inUse.has(name);
    return names.filter(isIdle);
  }
}

/** Without the permission of Deno, another user's rights are of no use. */
function rethrowNotCapable(error: unknown): false {
  if (error instanceof Deno.errors.NotCapable) throw diskError("remove a workspace", error);
  return false;
}
