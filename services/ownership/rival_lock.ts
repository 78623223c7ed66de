/**
 * The locks of services that are registered in a shared database.
 *
 * @module
 */

import { FolderLock } from "../../lib/util/folder_lock.ts";
import type { RivalLock } from "./judge_rival.ts";

/**
 * Looks at the lock of a registered service.
 *
 * @param record Where it is, and which folder it is.
 * @param own The lock of this process: where a service that was killed had the same one, it is free.
 * @returns See {@linkcode RivalLock}.
 */
export async function lookAtRivalLock(
  { lockPath, lockId }: { readonly lockPath: string; readonly lockId: string },
  own: { readonly path: string; isHeld(): boolean },
): Promise<RivalLock> {
  try {
    if (lockIdOf(lockPath) !== lockId) return "missing";
    if (own.path === lockPath && own.isHeld()) return "free";
    const holder = await FolderLock.look(lockPath);
    return typeof holder === "string" ? holder : "held";
  } catch {
    // Not permitted, or not on this machine.
    return "unreachable";
  }
}

/**
 * Identifies a locked folder beyond its path, which may mean another folder inside a container.
 *
 * @param path Absolute path of the folder.
 * @returns Empty when there is none.
 * @throws when this process may not look there.
 */
export function lockIdOf(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
