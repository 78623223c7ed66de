/**
 * Lists the files of a folder that go into its archive.
 *
 * @module
 */

import { InvalidBotFolderError, messageOf } from "../errors.ts";
import { IGNORE_FILES, type IgnoreFile, IgnoreRules } from "./ignore_rules.ts";
import { escapeZipEntryName, findZipNameProblem } from "./zip_entry_name.ts";

/** A file or folder to pack. */
export interface FolderItem {
  /** Path in the archive. The path of a folder ends with `/`. */
  readonly name: string;
  /** Absolute path of the file, with links resolved. */
  readonly path: string;
  /** Whether the file is executable. */
  readonly isExecutable: boolean;
  /** Size in bytes; 0 for a folder. */
  readonly size: number;
  /** Differs after a change of the file: which file it is, its size, and the times of its last changes. */
  readonly stamp: string;
  /** Time of the last change of the file or its attributes, in ms since 1970. */
  readonly changedAt: number;
}

/** The files to pack. */
export interface FolderListing {
  /** Files and folders, sorted by name. */
  readonly items: readonly FolderItem[];
  /** Paths that the ignore file leaves out, sorted. The content of a folder that is left out is not listed. */
  readonly leftOut: readonly string[];
  /** The ignore file, if there is one. */
  readonly ignoreFile?: IgnoreFile;
}

const MAX_ITEMS = 0xffff - 1;

/**
 * Lists a folder. Follows links that stay inside, and refuses links that leave the folder, are broken or form a loop.
 * Leaves out virtual environments, caches, `.git`, `.env` and the patterns of an ignore file.
 *
 * @param folder Absolute path.
 * @returns The files to pack, and those that are left out.
 * @throws {InvalidBotFolderError} If the folder cannot be read, or contains something that cannot be packed.
 */
export async function listFolder(folder: string, signal?: AbortSignal): Promise<FolderListing> {
  const root = await readable(folder, () => Deno.realPath(folder));
  const ignoreFile = await findIgnoreFile(folder);
  const lister = new Lister(folder, root, ignoreFile, signal);
  await lister.visit({ prefix: "", path: root, rules: IgnoreRules.always(), above: [root] });
  return {
    items: lister.items.sort(byName),
    leftOut: lister.leftOut.sort(),
    ...(ignoreFile && { ignoreFile }),
  };
}

interface Visit {
  readonly prefix: string;
  readonly path: string;
  readonly rules: IgnoreRules;
  /** Real paths of this folder and of its parents. */
  readonly above: readonly string[];
}

class Lister {
  readonly items: FolderItem[] = [];
  readonly leftOut: string[] = [];

  constructor(
    readonly folder: string,
    readonly root: string,
    readonly ignoreFile: IgnoreFile | undefined,
    readonly signal: AbortSignal | undefined,
  ) {}

  async visit({ prefix, path, rules: outer, above }: Visit): Promise<void> {
    this.signal?.throwIfAborted();
    const entries = await readable(path, () => Array.fromAsync(Deno.readDir(path)));
    let rules = outer;
    const { ignoreFile } = this;
    if (ignoreFile && entries.some(({ name, isFile }) => isFile && name === ignoreFile)) {
      const file = `${path}/${ignoreFile}`;
      rules = outer.within(prefix, await readable(file, () => Deno.readTextFile(file)), ignoreFile);
    }
    for (const { name } of entries) await this.#add(name, { prefix, path, rules, above });
  }

  async #add(entry: string, { prefix, path, rules, above }: Visit): Promise<void> {
    const at = `${path}/${entry}`;
    const link = Deno.lstatSync(at);
    const name = `${prefix}${entry}`;
    // As in git, patterns for folders do not apply to a link to a folder, so both names are checked.
    const isLeftOut = this.#isLeftOut(link.isDirectory ? `${name}/` : name, rules);
    if (isLeftOut) return;
    const shown = escapeZipEntryName(`${this.folder}/${name}`);
    const problem = findZipNameProblem(entry);
    if (problem !== undefined) {
      throw new InvalidBotFolderError(`Cannot pack '${shown}': its name ${problem}.`);
    }
    const real = link.isSymlink ? await this.#follow(at, shown) : at;
    const info = link.isSymlink ? Deno.lstatSync(real) : link;
    if (link.isSymlink && info.isDirectory && this.#isLeftOut(`${name}/`, rules)) return;
    if (!info.isFile && !info.isDirectory) {
      throw new InvalidBotFolderError(
        `Cannot pack '${shown}': it is neither a file nor a folder. Remove it.`,
      );
    }
    if (info.isDirectory && isVirtualEnvironment(real)) return;
    this.items.push({
      name: info.isDirectory ? `${name}/` : name,
      path: real,
      isExecutable: ((info.mode ?? 0) & 0o111) !== 0,
      size: info.isDirectory ? 0 : info.size,
      ...stampOf(info),
    });
    if (this.items.length > MAX_ITEMS) {
      throw new InvalidBotFolderError(`'${this.folder}' holds more than ${MAX_ITEMS} files.`);
    }
    if (!info.isDirectory) return;
    if (above.includes(real)) {
      throw new InvalidBotFolderError(
        `Cannot pack '${shown}': it is a symbolic link to a folder that it lies in. Remove the link.`,
      );
    }
    await this.visit({ prefix: `${name}/`, path: real, rules, above: [...above, real] });
  }

  #isLeftOut(name: string, rules: IgnoreRules): boolean {
    const reason = rules.reasonFor(name);
    if (reason === "file") this.leftOut.push(name);
    return reason !== undefined;
  }

  /** Resolves a link that stays inside the folder. */
  async #follow(at: string, shown: string): Promise<string> {
    const target = await Deno.readLink(at);
    const led = `it is a symbolic link to '${escapeZipEntryName(target)}'`;
    const real = await Deno.realPath(at).catch((cause) => {
      const why = cause instanceof Deno.errors.NotFound ? "which is not there" : messageOf(cause);
      throw new InvalidBotFolderError(`Cannot pack '${shown}': ${led}, ${why}. Remove the link.`, { cause });
    });
    if (real === this.root || real.startsWith(`${this.root}/`)) return real;
    throw new InvalidBotFolderError(
      `Cannot pack '${shown}': ${led}, outside of the folder. Put the file itself there, or name the link in .berthignore.`,
    );
  }
}

/** A program can set the time of modification back, but not that of the last change of attributes. */
function stampOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): Pick<FolderItem, "stamp" | "changedAt"> {
  const [modifiedAt, attributesAt] = [mtime?.getTime() ?? NaN, ctime?.getTime() ?? NaN];
  return {
    stamp: [dev, ino, size, modifiedAt, attributesAt].join(" "),
    changedAt: Math.max(modifiedAt, attributesAt),
  };
}

function isVirtualEnvironment(path: string): boolean {
  try {
    return Deno.lstatSync(`${path}/pyvenv.cfg`).isFile;
  } catch {
    return false;
  }
}

async function findIgnoreFile(folder: string): Promise<IgnoreFile | undefined> {
  for (const name of IGNORE_FILES) {
    const info = await Deno.stat(`${folder}/${name}`).catch(() => undefined);
    if (info?.isFile) return name;
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot read '${path}': ${messageOf(error)}.`, { cause: error });
  }
}

function byName(a: FolderItem, b: FolderItem): number {
  return a.name < b.name ? -1 : 1;
}
