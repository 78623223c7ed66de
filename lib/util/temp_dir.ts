/**
 * Creates the folder for archives and workspaces.
 *
 * @module
 */

import { ensurePrivateDir } from "./private_dir.ts";

/**
 * Makes sure that `TEMP_DIR` exists and that no other user can write to it: by default it lies in a folder that everybody
 * can write to. The folders of the instances in it are closed entirely.
 *
 * @param path Absolute path.
 * @param uid User that this process runs as.
 * @returns Whether the call has created the folder.
 * @throws {InvalidConfigError} If the folder cannot be created or is not safe.
 */
export async function ensureTempDir(path: string, uid: number): Promise<boolean> {
  return (await ensurePrivateDir(path, { setting: "TEMP_DIR", uid, mayBeListed: true })).made;
}

/**
 * Makes sure that `TEMP_DIR` is safe, and that the folder of an instance in it exists and is closed to other users.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 * @param uid User that this process runs as.
 * @throws {InvalidConfigError} If one of the folders cannot be created or is not safe.
 */
export async function ensureInstanceDir(tempDir: string, instance: string, uid: number): Promise<void> {
  await ensureTempDir(tempDir, uid);
  await ensurePrivateDir(`${tempDir}/${instance}`, { setting: "TEMP_DIR", uid });
}
