/**
 * Writes files that survive a power loss.
 *
 * @module
 */

/**
 * Writes a new file, closed to other users, and returns once it is on the disk.
 *
 * @param path Path of the file, which must not exist.
 * @param body Content of the file.
 * @param signal Cancels the write.
 * @returns Description of the file.
 */
export async function writeToDisk(
  path: string,
  body: Uint8Array,
  signal?: AbortSignal,
): Promise<Deno.FileInfo> {
  await Deno.writeFile(path, body, { createNew: true, mode: 0o600, signal });
  return await sync(path);
}

/**
 * Copies a file to a new one, closed to other users, and returns once the copy is on the disk.
 *
 * @param from Path of the file.
 * @param path Path of the copy, which must not exist.
 * @param signal Gives up before or after the copy, which cannot be stopped.
 * @returns Description of the copy.
 */
export async function copyToDisk(from: string, path: string, signal?: AbortSignal): Promise<Deno.FileInfo> {
  signal?.throwIfAborted();
  // The system copies by itself, several times as fast as through this process.
  await Deno.copyFile(from, path);
  await Deno.chmod(path, 0o600);
  signal?.throwIfAborted();
  return await sync(path);
}

async function sync(path: string): Promise<Deno.FileInfo> {
  using file = await Deno.open(path, { write: true });
  await file.sync();
  return await file.stat();
}

/**
 * Waits until new and renamed entries of a folder are on the disk.
 *
 * @param folder Path of the folder.
 */
export async function syncToDisk(folder: string): Promise<void> {
  // Not every system can open a folder.
  using opened = await Deno.open(folder).catch(() => undefined);
  await opened?.sync();
}
