/**
 * Identifies the folder that a bot is deployed from.
 *
 * @module
 */

import { realpath } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Identifies a folder by its machine, path and inode. A renamed folder keeps its inode.
 *
 * @param folder Absolute path of the folder.
 * @returns For example `host:/home/me/my-bot#2049-131`.
 */
export async function originOf(folder: string): Promise<string> {
  const path = await realpath(folder);
  const { dev, ino } = await Deno.stat(path);
  return `${hostname()}:${path}#${dev}-${ino ?? 0}`;
}
