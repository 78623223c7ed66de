/**
 * Checks the files of a tree.
 *
 * @module
 */

import type { CodeTree } from "./code_tree.ts";

/** Number of files checked before other work gets a turn. */
const BATCH = 500;

/**
 * Whether all files of a tree exist and have their sizes: a power loss or a cleaner may have damaged some.
 *
 * @param tree The tree.
 */
export function isWhole(tree: CodeTree): Promise<boolean> {
  return everyFile(tree, (path, size) => {
    const info = Deno.lstatSync(path);
    return info.isFile && info.size === size;
  });
}

/**
 * Renews the times of access of all files of a tree, and keeps their times of change.
 *
 * @param tree The tree.
 * @returns False if files are missing.
 */
export function refreshFiles(tree: CodeTree): Promise<boolean> {
  const now = new Date();
  return everyFile(tree, (path, size) => {
    const info = Deno.lstatSync(path);
    if (!info.isFile || info.size !== size) return false;
    Deno.utimeSync(path, now, info.mtime ?? now);
    return true;
  });
}

async function everyFile(
  { path, manifest: { files } }: CodeTree,
  check: (path: string, size: number) => boolean,
): Promise<boolean> {
  for (let at = 0; at < files.length; at += BATCH) {
    for (const file of files.slice(at, at + BATCH)) {
      try {
        if (!check(`${path}/${file.path}`, file.size)) return false;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return true;
}
