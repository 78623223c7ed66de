/**
 * The private folders of containers: made before the start, removed with the container.
 *
 * @module
 */

/**
 * Removes a folder that Berth itself may not touch, because a bot wrote files of another user into it.
 *
 * @param parent Absolute path of the folder's parent.
 * @param name Name of the folder in it.
 */
export type ForcedRemoval = (parent: string, name: string) => Promise<void>;

/** Makes and removes the private folders of one instance's containers, all inside one parent folder. */
export class PrivateFolders {
  readonly #parent: string;
  readonly #ready: () => Promise<unknown>;
  readonly #inUse = new Set<string>();

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param parent Absolute path of the folder that holds them. Made, closed to other users, when it is needed.
   * @param ready Called before that: makes sure that the folder above it is safe.
   */
  constructor(parent: string, ready: () => Promise<unknown> = () => Promise.resolve()) {
    this.#parent = parent;
    this.#ready = ready;
  }

  /**
   * Reserves a name. The folder itself is made by the extraction. Until {@linkcode release} or
   * {@linkcode remove}, {@linkcode orphans} does not name it.
   *
   * @param prefix What it is for; a random part is added, so that two starts never share a folder.
   * @returns Its name.
   */
  async reserve(prefix: string): Promise<string> {
    await this.#ready();
    await Deno.mkdir(this.#parent, { recursive: true, mode: 0o700 });
    const name = `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    this.#inUse.add(name);
    return name;
  }

  /** Absolute path of a folder. @param name Its name. */
  path(name: string): string {
    return `${this.#parent}/${name}`;
  }

  /** Whether a start is under way that uses the folder. @param name Its name. */
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
   * @throws {TypeError} when `name` is not the name of a private folder.
   */
  async remove(name: string, forced: ForcedRemoval): Promise<void> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
      throw new TypeError(`Cannot remove the folder '${name}': this is not the name of a private folder.`);
    }
    try {
      await removeTree(this.path(name));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await forced(this.#parent, name);
      await removeTree(this.path(name));
    } finally {
      this.#inUse.delete(name);
    }
  }

  /**
   * Folders that nothing names any more, left by a process that was killed.
   *
   * @param named Names of the folders that containers name.
   * @returns Their names.
   */
  async orphans(named: ReadonlySet<string>): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#parent)) {
        if (!named.has(name) && !this.#inUse.has(name)) names.push(name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return names.sort();
  }
}

async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    // A folder without the right to list it reads as empty, and is then "not empty".
    /ENOTEMPTY|not empty|EPERM|EACCES/i.test(String(error));
}
