/**
 * Lets only one process at a time run as an instance.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { RETRY } from "../util/backoff.ts";
import { BerthError } from "../errors.ts";
import { FolderLock, type LockHolder } from "../util/folder_lock.ts";

/** Number of attempts after which a name counts as taken. */
const MAX_TRIES = 5;

/** Another process of the same instance is running. */
export class InstanceLockedError extends BerthError {
  /**
   * Makes the error.
   *
   * @param instance Name of the instance.
   * @param holder Description of the other process.
   */
  constructor(instance: string, holder: string) {
    super(
      "instance/locked",
      `Another Berth already runs as instance '${instance}' (${holder || "unknown process"}).`,
      { advice: "Stop it first, or choose another name with BERTH_INSTANCE." },
    );
  }
}

/**
 * Holds the name of an instance on this machine. The kernel releases it when the process ends, for whatever reason, so
 * a lock is never stale.
 */
export class InstanceLock implements AsyncDisposable {
  readonly #lock: FolderLock;

  private constructor(lock: FolderLock) {
    this.#lock = lock;
  }

  /** Absolute path of the lock. */
  get path(): string {
    return this.#lock.path;
  }

  /**
   * Acquires the lock.
   *
   * @param folder Absolute path of an existing folder that all processes of the instance share.
   * @param instance Name of the instance.
   * @param part Part of the instance, if its parts may run in several processes. @default {the whole instance}
   * @returns The lock. Dispose it to release the name.
   * @throws {InstanceLockedError} If another process holds the lock; the message names that process.
   */
  static async acquire(folder: string, instance: string, part?: string): Promise<InstanceLock> {
    const path = pathOf(folder, instance, part);
    const about = `pid ${Deno.pid}, since ${new Date().toISOString()}`;
    for (let tries = 1;; tries++) {
      const lock = await FolderLock.tryAcquire(path, about);
      if (lock) return new InstanceLock(lock);
      // A process that only reads the holder has it for a moment.
      if (tries < MAX_TRIES) await delay(RETRY.lock.minMs);
      else {
        const holder = await FolderLock.readHolder(path);
        throw new InstanceLockedError(instance, typeof holder === "string" ? "" : holder.about);
      }
    }
  }

  /**
   * Reads which process holds the lock.
   *
   * @param folder Absolute path of the folder; it may be missing.
   * @param instance Name of the instance.
   * @param part Part of the instance.
   * @returns Description of the process; `undefined` if no process holds the lock.
   */
  static async holder(folder: string, instance: string, part?: string): Promise<LockHolder | undefined> {
    try {
      const holder = await FolderLock.readHolder(pathOf(folder, instance, part));
      return typeof holder === "string" ? undefined : holder;
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) return { about: "a process of another user" };
      throw error;
    }
  }

  /** See {@linkcode FolderLock.isHeld}. */
  isHeld(): boolean {
    return this.#lock.isHeld();
  }

  /** See {@linkcode FolderLock.renew}. */
  renew(): Promise<"held" | "regained" | "lost"> {
    return this.#lock.renew();
  }

  /** Releases the lock. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#lock[Symbol.asyncDispose]();
  }
}

function pathOf(folder: string, instance: string, part?: string): string {
  return `${folder}/${instance}${part === undefined ? "" : `.${part}`}.lock`;
}
