/**
 * Makes a private copy of a tree.
 *
 * @module
 */

import { type FileOwner, unlessMissing } from "../util/files.ts";
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

/** Number of files copied at the same time. */
const CONCURRENCY = 8;

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
  const give = async (path: string) => {
    if (owner) await Deno.chown(path, owner.uid, owner.gid);
  };
  for (const folder of tree.manifest.folders) {
    await Deno.mkdir(`${to}/${folder}`, { mode: 0o755 });
    await give(`${to}/${folder}`);
  }
  const files = tree.manifest.files.values();
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    for (const { path, size: _ } of files) {
      signal?.throwIfAborted();
      await copyFile(`${tree.path}/${path}`, `${to}/${path}`, give);
    }
  }));
  for (const layer of [...layers, tree.base]) await mergeFolder(layer, to, give);
  await give(to);
}

/** Copies a file unless it exists. */
async function mergeFolder(from: string, to: string, give: (path: string) => Promise<void>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const path = `${to}/${name}`;
    if (!isDirectory) {
      if (!await unlessMissing(Deno.lstat(path))) await copyFile(`${from}/${name}`, path, give);
      continue;
    }
    if (!await unlessMissing(Deno.lstat(path))) {
      await Deno.mkdir(path, { mode: 0o755 });
      await give(path);
    }
    await mergeFolder(`${from}/${name}`, path, give);
  }
}

/** Keeps the time of change, which bytecode records of its source. */
async function copyFile(from: string, to: string, give: (path: string) => Promise<void>): Promise<void> {
  const { atime, mtime } = await Deno.lstat(from);
  await Deno.copyFile(from, to);
  if (atime && mtime) await Deno.utime(to, atime, mtime);
  await give(to);
}
