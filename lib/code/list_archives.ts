/**
 * Lists the archives that an earlier process has cached.
 *
 * @module
 */

/** An archive on disk. */
export interface CachedArchive {
  /** Absolute path of the file. */
  readonly path: string;
  /** SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string;
  /** Size in bytes. */
  readonly size: number;
}

/** Beginning of the name of an incomplete archive. */
export const PARTIAL = ".partial-";

/**
 * Lists the archives in a folder, least recently used first, and removes incomplete ones.
 *
 * @param folder Absolute path of the folder.
 */
export async function listArchives(folder: string): Promise<CachedArchive[]> {
  const found: { readonly archive: CachedArchive; readonly usedAt: number }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const sha256 = /^([0-9a-f]{64})\.zip$/.exec(name)?.[1];
    if (sha256) {
      const { size, mtime } = await Deno.lstat(path);
      found.push({ archive: { path, sha256, size }, usedAt: mtime?.getTime() ?? 0 });
    } else if (name.startsWith(PARTIAL)) await Deno.remove(path);
  }
  return found.sort((a, b) => a.usedAt - b.usedAt).map(({ archive }) => archive);
}
