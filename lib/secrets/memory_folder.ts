/**
 * Finds a folder whose files are in memory, and never on a disk.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "../errors.ts";
import { unlessMissing } from "../util/files.ts";
import { ensurePrivateDir } from "../util/private_dir.ts";

/** Where the folder may be. */
export interface MemoryFolderOptions {
  /** The operator's choice (`SECRETS_RUN_DIR`). */
  readonly runDir?: string;
  /** Folder of the user's session (`XDG_RUNTIME_DIR`). */
  readonly sessionDir?: string;
  /** User that this process runs as. */
  readonly uid: number;
}

/** Numbers of file systems in memory: tmpfs and ramfs, see statfs(2). */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

/**
 * Lists where the folder may be, the best place first.
 *
 * @param options See {@linkcode MemoryFolderOptions}.
 */
export function memoryFolderPlaces({ runDir, sessionDir, uid }: MemoryFolderOptions): string[] {
  if (runDir !== undefined) return [runDir];
  const session = uid === 0 ? "/run/berth" : sessionDir && `${sessionDir}/berth`;
  return [...(session ? [session] : []), `/dev/shm/berth-${uid}`];
}

/**
 * Makes sure that a folder in memory exists and is closed to other users.
 *
 * @param options See {@linkcode MemoryFolderOptions}.
 * @returns Its absolute path.
 * @throws {BerthError} If there is no such place (`secrets/no-memory`).
 * @throws {InvalidConfigError} If the folder is not safe.
 */
export async function ensureMemoryFolder(options: MemoryFolderOptions): Promise<string> {
  const places = memoryFolderPlaces(options);
  for (const place of places) {
    if (!await isInMemory(place)) continue;
    await ensurePrivateDir(place, { setting: "SECRETS_RUN_DIR", uid: options.uid });
    return place;
  }
  throw new BerthError(
    "secrets/no-memory",
    `Secrets are given to bots in memory only, and ${places.map((place) => `'${place}'`).join(" and ")} ${
      places.length === 1 ? "is" : "are"
    } not on a file system in memory (tmpfs).`,
    { advice: "Set SECRETS_RUN_DIR to a folder on a tmpfs that the engine's host has at the same path." },
  );
}

/** Judges a folder that does not exist by the one above it. */
async function isInMemory(path: string): Promise<boolean> {
  for (let at = path;; at = dirname(at)) {
    const info = await unlessMissing(statfs(at).catch(asDenoError));
    if (info) return IN_MEMORY.includes(Number(info.type));
    if (at === dirname(at)) return false;
  }
}

function asDenoError(error: { code?: string }): never {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") {
    throw new Deno.errors.NotFound(String(error), { cause: error });
  }
  throw error;
}
