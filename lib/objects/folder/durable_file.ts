/**
 * Files that survive a loss of power.
 *
 * @module
 */

/**
 * Writes a new file, closed to other users, and returns once it is on the disk.
 *
 * @param path Where; nothing may be there.
 * @param body Its content.
 * @returns What is known of the file.
 */
export async function writeToDisk(
  path: string,
  body: Uint8Array,
  signal?: AbortSignal,
): Promise<Deno.FileInfo> {
  await Deno.writeFile(path, body, { createNew: true, mode: 0o600, signal });
  using file = await Deno.open(path, { write: true });
  await file.sync();
  return await file.stat();
}

/**
 * Makes sure that what was renamed or made in a folder is on the disk.
 *
 * @param folder Its path.
 */
export async function syncToDisk(folder: string): Promise<void> {
  // Not every system lets a folder be opened.
  using opened = await Deno.open(folder).catch(() => undefined);
  await opened?.sync();
}
