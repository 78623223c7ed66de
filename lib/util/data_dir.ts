/**
 * The folder of the embedded default's data: documents, archives, logs and results.
 *
 * @module
 */

import { join } from "node:path";
import { ensurePrivateDir } from "./private_dir.ts";
import { unlessMissing } from "./files.ts";

/** Everything that Berth keeps in `DATA_DIR`; an own file system has `lost+found`. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "berth.sqlite",
  "berth.sqlite-journal",
  "berth.sqlite-shm",
  "berth.sqlite-wal",
  "locks",
  "lost+found",
  "objects",
]);

/**
 * Makes sure that `DATA_DIR` is there and closed to other users, whichever command comes first. A folder that is
 * open and holds nothing but Berth's data is closed, with everything in it.
 *
 * @param path Absolute path.
 * @param uid User that this process runs as. @default {the user of this process}
 * @throws {InvalidConfigError} If it cannot be made, or is open and holds files of other programs.
 */
export async function ensureDataDir(path: string, uid: number = Deno.uid() ?? 0): Promise<void> {
  const { closed } = await ensurePrivateDir(path, {
    setting: "DATA_DIR",
    uid,
    mayClose: isOwnData,
    mayBeLink: true,
  });
  // From here on nobody else reaches what is inside; its own modes matter once somebody copies or moves it.
  if (closed) await closeTree(path);
}

/**
 * Whether a folder holds nothing but Berth's data.
 *
 * @param names Names of what is in it.
 */
export function isOwnData(names: readonly string[]): boolean {
  return names.every((name) => OWN_NAMES.has(name));
}

async function closeTree(folder: string): Promise<void> {
  for (const { name, isDirectory, isFile } of await Array.fromAsync(Deno.readDir(folder))) {
    const path = join(folder, name);
    if (name === "lost+found" || !(isDirectory || isFile)) continue;
    // Another process may remove it meanwhile.
    await unlessMissing(Deno.chmod(path, isDirectory ? 0o700 : 0o600));
    if (isDirectory) await unlessMissing(closeTree(path));
  }
}
