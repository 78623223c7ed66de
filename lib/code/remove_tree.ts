/**
 * Removes folders that a stranger has filled.
 *
 * @module
 */

import { unlessMissing } from "../util/files.ts";

/** Nothing is looked for, or removed, deeper than this below the root. */
const MAX_DEPTH = 64;
/** Longest path that is gone on from; the system's limit is 4096 with a name of up to 255. */
const MAX_PATH_BYTES = 3072;
/** What stands for bytes of a name that are no UTF-8. */
const REPLACEMENT = "\uFFFD";

const encoder = new TextEncoder();

/**
 * Removes a folder and all that is in it, however deep; no error when there is none. A link is removed, never
 * followed. Nobody else may write to the folder any more.
 *
 * A recursive removal recurses: a tree of some ten thousand folders, each in the other, would overflow its
 * stack and end the process. So what is deep is brought up first.
 *
 * @param root Absolute path of the folder.
 * @throws {Error} If the operating system refuses, or a folder's name cannot be told to it.
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
        throw new Error(`A folder in '${folder.path}' has a name that is no UTF-8`);
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
