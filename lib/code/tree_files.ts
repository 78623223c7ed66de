/**
 * Looks at the files of a tree.
 *
 * @module
 */

import type { CodeTree } from "./code_tree.ts";

/** How many files are looked at before others get their turn. */
const BATCH = 500;

/**
 * Whether all files of a tree are there, each with its size: a loss of power or a cleaner may have taken some.
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
 * Makes all files of a tree look recently used; their times of change stay.
 *
 * @param tree The tree.
 * @returns False when some are gone.
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
