/**
 * The locks of services that are registered in a shared database.
 *
 * @module
 */

import { FolderLock } from "../../lib/util/folder_lock.ts";
import type { RivalLock } from "./judge_rival.ts";
import type { ServiceRecord } from "./service_registry.ts";

/** The lock of a registration. */
export type RivalLockRecord = Pick<ServiceRecord, "lockPath" | "lockId" | "engineStart">;

/** The lock of this process, and its host. */
export interface OwnLock {
  /** Absolute path of its folder. */
  readonly path: string;
  /** Whether it is held; asks without a wait. */
  isHeld(): boolean;
  /** See {@linkcode engineStartOf}. */
  readonly engineStart: string;
}

/**
 * Checks the lock of a registered service.
 *
 * @param record Where it is, and which folder it is.
 * @param own The lock of this process: where a service that was killed had the same one, it is free.
 * @returns See {@linkcode RivalLock}.
 */
export async function lookAtRivalLock(record: RivalLockRecord, own: OwnLock): Promise<RivalLock> {
  const lock = await look(record, own);
  // The holder is on this host. An unheld lock may be a copy, or older than the host's last start.
  return lock !== "held" && record.engineStart !== own.engineStart ? "past" : lock;
}

async function look({ lockPath, lockId }: RivalLockRecord, own: OwnLock): Promise<RivalLock> {
  try {
    if (lockIdOf(lockPath) !== lockId) return "missing";
    if (own.path === lockPath && own.isHeld()) return "free";
    const holder = await FolderLock.readHolder(lockPath);
    return typeof holder === "string" ? holder : "held";
  } catch {
    // Not permitted, or not on this machine.
    return "unreachable";
  }
}

/**
 * Identifies the start of an engine, and so of its host: each start makes the socket anew, and every process that
 * reaches it sees the same one.
 *
 * @param dockerHost Address of the engine, `unix://PATH`.
 * @returns Empty when it is not there.
 */
export function engineStartOf(dockerHost: string): string {
  try {
    const { dev, ino, mtime } = Deno.statSync(dockerHost.replace(/^unix:\/\//, ""));
    return `${dev}:${ino}:${mtime?.getTime() ?? 0}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
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
