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
 * Reports where the folder is. `/dev/shm` is no such place: Deno lets only processes with all permissions work below `/dev`.
 *
 * @param options See {@linkcode MemoryFolderOptions}.
 */
export function memoryFolderPlace({ runDir, sessionDir, uid }: MemoryFolderOptions): string {
  if (runDir !== undefined) return runDir;
  return uid !== 0 && sessionDir !== undefined ? `${sessionDir}/berth` : "/run/berth";
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
  const place = memoryFolderPlace(options);
  // Made first: a service has no permission to look at the folder above.
  const { made } = await ensurePrivateDir(place, { setting: "SECRETS_RUN_DIR", uid: options.uid });
  if (await isInMemory(place)) return place;
  if (made) await Deno.remove(place);
  throw notInMemory(place);
}

/**
 * Checks that the place of the folder is in memory, and changes nothing.
 *
 * @param options See {@linkcode MemoryFolderOptions}.
 * @returns The problem (`secrets/no-memory`).
 */
export async function memoryProblem(options: MemoryFolderOptions): Promise<BerthError | undefined> {
  const place = memoryFolderPlace(options);
  return await isInMemory(place) ? undefined : notInMemory(place);
}

function notInMemory(place: string): BerthError {
  return new BerthError(
    "secrets/no-memory",
    `Bots get secrets in memory only, and '${place}' is not on a file system in memory (tmpfs).`,
    {
      advice:
        `Run 'mkdir -p ${place} && mount -t tmpfs -o mode=700,size=64m tmpfs ${place}' as root, or set ` +
        "SECRETS_RUN_DIR to a folder on a tmpfs that the engine's host has at the same path.",
    },
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
