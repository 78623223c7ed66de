/**
 * The folder for archives and workspaces.
 *
 * @module
 */

import { ensurePrivateDir } from "./private_dir.ts";

/**
 * Makes sure that `TEMP_DIR` is there and that no other user of the machine can plant anything in it: its usual
 * place is inside a folder that everybody may write to. The folders of the instances in it are closed entirely.
 *
 * @param path Absolute path.
 * @param uid User that this process runs as.
 * @returns True when it was made just now.
 * @throws {InvalidConfigError} If it cannot be made or is not safe.
 */
export async function ensureTempDir(path: string, uid: number): Promise<boolean> {
  return (await ensurePrivateDir(path, { setting: "TEMP_DIR", uid, mayBeListed: true })).made;
}

/**
 * Makes sure that `TEMP_DIR` is safe and that the folder of an instance in it is there and closed to other users.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 * @param uid User that this process runs as.
 * @throws {InvalidConfigError} If one of them cannot be made or is not safe.
 */
export async function ensureInstanceDir(tempDir: string, instance: string, uid: number): Promise<void> {
  await ensureTempDir(tempDir, uid);
  await ensurePrivateDir(`${tempDir}/${instance}`, { setting: "TEMP_DIR", uid });
}
