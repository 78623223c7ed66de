/**
 * Makes a private copy of a tree.
 *
 * @module
 */

import { type FileOwner, unlessMissingSync } from "../util/files.ts";
import type { CodeTree } from "./code_tree.ts";

/** Options of {@linkcode copyTree}. */
export interface CopyTreeOptions {
  /** Absolute paths of folders to merge over the tree. */
  readonly layers?: readonly string[];
  /** Owner of the copy. @default {the user that Berth runs as} */
  readonly owner?: FileOwner;
  /** Cancels the copy; files copied so far stay. */
  readonly signal?: AbortSignal;
}

/** Number of files copied before other work gets a turn. */
const BATCH = 100;
/** Size from which a file is copied beside other work, in bytes. Below, the way to another thread costs more than the copy. */
const LARGE_FILE_BYTES = 1024 ** 2;

/**
 * Copies a tree, with the layers below and above it, into an empty folder. Copies instead of linking files, since a
 * container could change linked files, which others run.
 *
 * @param tree The tree.
 * @param to Absolute path of the folder, which the owner gets at the end.
 * @param options See {@linkcode CopyTreeOptions}.
 */
export async function copyTree(
  tree: CodeTree,
  to: string,
  { layers = [], owner, signal }: CopyTreeOptions = {},
): Promise<void> {
  const copy = new TreeCopy(owner, signal);
  for (const folder of tree.manifest.folders) copy.makeFolder(`${to}/${folder}`);
  for (const { path } of tree.manifest.files) await copy.copyFile(`${tree.path}/${path}`, `${to}/${path}`);
  for (const layer of [...layers, tree.base]) await copy.merge(layer, to);
  copy.give(to);
}

/** The copy of one tree. */
class TreeCopy {
  readonly #owner: FileOwner | undefined;
  readonly #signal: AbortSignal | undefined;
  #copied = 0;

  constructor(owner: FileOwner | undefined, signal: AbortSignal | undefined) {
    this.#owner = owner;
    this.#signal = signal;
  }

  give(path: string): void {
    if (this.#owner) Deno.chownSync(path, this.#owner.uid, this.#owner.gid);
  }

  makeFolder(path: string): void {
    Deno.mkdirSync(path, { mode: 0o755 });
    this.give(path);
  }

  /** Keeps the time of change, which bytecode records of its source. */
  async copyFile(from: string, to: string): Promise<void> {
    this.#signal?.throwIfAborted();
    const { atime, mtime, size } = Deno.lstatSync(from);
    if (size < LARGE_FILE_BYTES) Deno.copyFileSync(from, to);
    else await Deno.copyFile(from, to);
    if (atime && mtime) Deno.utimeSync(to, atime, mtime);
    this.give(to);
    if (++this.#copied % BATCH === 0) await new Promise((resolve) => setTimeout(resolve));
  }

  /** Copies what a folder contains, unless it exists. */
  async merge(from: string, to: string): Promise<void> {
    for (const { name, isDirectory } of Deno.readDirSync(from)) {
      const path = `${to}/${name}`;
      const isThere = unlessMissingSync(() => Deno.lstatSync(path)) !== undefined;
      if (isDirectory) {
        if (!isThere) this.makeFolder(path);
        await this.merge(`${from}/${name}`, path);
      } else if (!isThere) await this.copyFile(`${from}/${name}`, path);
    }
  }
}
