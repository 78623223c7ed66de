/**
 * Removes folders with untrusted content.
 *
 * @module
 */

import { unlessMissing } from "../util/files.ts";

/** Depth below the root up to which folders are removed in place; deeper ones are moved up first. */
const MAX_DEPTH = 64;
/** Longest path to descend into, in bytes: the system's limit is 4096, with a name of up to 255. */
const MAX_PATH_BYTES = 3072;
/** Replacement character for bytes of a name that are not UTF-8. */
const REPLACEMENT = "\uFFFD";

const encoder = new TextEncoder();

/**
 * Removes a folder and everything in it, however deep. Does nothing if there is no folder. Removes links without
 * following them. No other process may write to the folder meanwhile.
 *
 * At about ten thousand nested folders, a recursive removal would overflow its stack and end the process. The function
 * therefore moves deep folders up first.
 *
 * @param root Absolute path of the folder.
 * @throws {Error} If the operating system refuses, or the name of a folder is not UTF-8.
 */
export async function removeTree(root: string): Promise<void> {
  try {
    if ((await Deno.lstat(root)).isDirectory) await flatten(root);
    await Deno.remove(root, { recursive: true });
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound && !(await unlessMissing(Deno.lstat(root)));
    if (!isGone) throw error;
  }
}

async function flatten(root: string): Promise<void> {
  const pending = [{ path: root, depth: 0 }];
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    for await (const { name, isDirectory } of Deno.readDir(folder.path)) {
      if (!isDirectory) continue;
      if (name.includes(REPLACEMENT)) {
        throw new Error(`A folder in '${folder.path}' has a name that is not UTF-8`);
      }
      const path = `${folder.path}/${name}`;
      const isDeep = folder.depth >= MAX_DEPTH || encoder.encode(path).length > MAX_PATH_BYTES;
      pending.push(isDeep ? await bringUp(root, path) : { path, depth: folder.depth + 1 });
    }
  }
}

async function bringUp(root: string, path: string): Promise<{ path: string; depth: number }> {
  const moved = `${root}/${crypto.randomUUID()}`;
  await Deno.rename(path, moved);
  return { path: moved, depth: 1 };
}
