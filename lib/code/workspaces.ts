/**
 * Workspaces: the folder of each container, made before its start and removed with it.
 *
 * @module
 */

import { diskError, onDisk, unlessMissing } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";

/**
 * Removes a folder that Berth itself cannot remove, because it contains files of a bot's user.
 *
 * @param parent Absolute path of the parent folder.
 * @param name Name of the folder.
 */
export type ForcedRemoval = (parent: string, name: string) => Promise<void>;

/**
 * A tree that a container uses: its code, its libraries, or its translated scripts. A file of this name in the workspace
 * contains the hash of the tree.
 */
export type HeldTree = "tree" | "libraries" | "scripts";

/** Makes and removes the workspaces of one instance, all inside one parent folder. */
export class Workspaces {
  readonly #parent: string;
  readonly #ready: () => Promise<unknown>;
  readonly #inUse = new Set<string>();

  /**
   * @param parent Absolute path of the parent folder. Created when needed, closed to other users.
   * @param ready Called before each access, to make sure that the folder above is safe.
   */
  constructor(parent: string, ready: () => Promise<unknown> = () => Promise.resolve()) {
    this.#parent = parent;
    this.#ready = ready;
  }

  /**
   * Makes a workspace and reserves it: {@linkcode idle} does not list it until {@linkcode release} or {@linkcode remove}.
   *
   * @param prefix Beginning of its name. A random part follows, so that two starts never share a workspace.
   * @returns Name of the workspace.
   */
  async create(prefix: string): Promise<string> {
    await this.#ready();
    await onDisk(
      `create '${this.#parent}'`,
      () => Deno.mkdirSync(this.#parent, { recursive: true, mode: 0o700 }),
    );
    const name = `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    this.#inUse.add(name);
    await onDisk(`create '${this.path(name)}'`, () => Deno.mkdirSync(this.path(name), { mode: 0o700 }));
    return name;
  }

  /**
   * Records which tree a container uses. The tree is in use for as long as the workspace exists.
   *
   * @param name Name of the workspace.
   * @param sha256 Hash of the tree's archive.
   * @param held Which of its trees it is.
   */
  async hold(name: string, sha256: string, held: HeldTree = "tree"): Promise<void> {
    const path = `${this.path(name)}/${held}`;
    await onDisk(`write '${path}'`, () => Deno.writeTextFileSync(path, sha256, { mode: 0o600 }));
  }

  /** Returns the names of all workspaces. */
  async names(): Promise<string[]> {
    const entries = await onDisk(
      `read '${this.#parent}'`,
      () => unlessMissing(Array.fromAsync(Deno.readDir(this.#parent))),
    );
    return (entries ?? []).map(({ name }) => name).sort();
  }

  /** Returns the hashes of all trees in use. @param kinds Which trees. */
  async held(...kinds: readonly HeldTree[]): Promise<Set<string>> {
    const names = await this.names();
    const held = names.flatMap((name) => kinds.map((kind) => this.holdOf(name, kind)));
    return new Set((await Promise.all(held)).filter((sha256) => sha256 !== undefined));
  }

  /**
   * Returns the hash of a tree that a container uses.
   *
   * @param name Name of the workspace.
   * @param held Which tree.
   */
  async holdOf(name: string, held: HeldTree = "tree"): Promise<string | undefined> {
    const path = `${this.path(name)}/${held}`;
    return await onDisk(`read '${path}'`, () => unlessMissing(Deno.readTextFile(path)));
  }

  /** Returns the absolute path of a workspace. @param name Name of the workspace. */
  path(name: string): string {
    return `${this.#parent}/${name}`;
  }

  /** Whether a start or removal in progress uses a workspace. @param name Name of the workspace. */
  isReserved(name: string): boolean {
    return this.#inUse.has(name);
  }

  /** Ends the reservation of a workspace, once a container uses it. @param name Name of the workspace. */
  release(name: string): void {
    this.#inUse.delete(name);
  }

  /**
   * Removes a workspace and its content. Does nothing if there is no such workspace.
   *
   * @param name Name of the workspace.
   * @param forced Called if the operating system refuses the removal.
   * @throws {TypeError} If `name` is not the name of a workspace, and so might be a path outside of the parent.
   * @throws {InvalidConfigError} If the folder above is not safe. Nothing is removed.
   * @throws {BerthError} If the removal is incomplete (`archive/io`).
   */
  async remove(name: string, forced: ForcedRemoval): Promise<void> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
      throw new TypeError(`Cannot remove the folder '${name}': it is not the name of a workspace.`);
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

  /** Returns the names of the workspaces that no start or removal in progress uses. */
  async idle(): Promise<string[]> {
    // A start or removal that ends during the listing has given its workspace a container, or removed it.
    const before = new Set(this.#inUse);
    await this.#ready();
    const names = await this.names();
    const isIdle = (name: string) => !before.has(name) && !this.#inUse.has(name);
    return names.filter(isIdle);
  }
}

/** Without Deno's permission, a privileged container would not help either. */
function rethrowNotCapable(error: unknown): false {
  if (error instanceof Deno.errors.NotCapable) throw diskError("remove a workspace", error);
  return false;
}
