/**
 * One process per instance.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { RETRY } from "../util/backoff.ts";
import { BerthError } from "../errors.ts";
import { FolderLock, type LockHolder } from "../util/folder_lock.ts";

/** How often a taken name is tried before it counts as taken. */
const MAX_TRIES = 5;

/** Another process of the same instance is there. */
export class InstanceLockedError extends BerthError {
  /**
   * Makes the error.
   *
   * @param instance Name of the instance.
   * @param holder What the other process says of itself.
   */
  constructor(instance: string, holder: string) {
    super(
      "instance/locked",
      `Another Berth runs as instance '${instance}' already (${holder || "unknown process"}). ` +
        "Stop it first, or choose another name with BERTH_INSTANCE.",
    );
  }
}

/**
 * Holds an instance's name on this machine. The kernel gives it up with the process, however that ends, so a
 * lock is never stale.
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
   * Takes the name.
   *
   * @param folder Absolute path of an existing folder, the same for every process concerned.
   * @param instance Name of the instance.
   * @param part Part of the instance, where its parts may be in several processes; the whole instance if absent.
   * @returns The lock. Dispose it to give the name up.
   * @throws {InstanceLockedError} If another process has it; the message names that process.
   */
  static async acquire(folder: string, instance: string, part?: string): Promise<InstanceLock> {
    const path = pathOf(folder, instance, part);
    const about = `pid ${Deno.pid}, since ${new Date().toISOString()}`;
    for (let tries = 1;; tries++) {
      const lock = await FolderLock.tryAcquire(path, about);
      if (lock) return new InstanceLock(lock);
      // Somebody who only looks has it for a moment.
      if (tries < MAX_TRIES) await delay(RETRY.lock.minMs);
      else {
        const holder = await FolderLock.look(path);
        throw new InstanceLockedError(instance, typeof holder === "string" ? "" : holder.about);
      }
    }
  }

  /**
   * Looks who has the name.
   *
   * @param folder Absolute path of the folder; it may be missing.
   * @param instance Name of the instance.
   * @param part Part of the instance.
   * @returns What the process that has it says of itself; `undefined` when nobody has it.
   */
  static async holder(folder: string, instance: string, part?: string): Promise<LockHolder | undefined> {
    try {
      const holder = await FolderLock.look(pathOf(folder, instance, part));
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

  /** Gives the name up. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#lock[Symbol.asyncDispose]();
  }
}

function pathOf(folder: string, instance: string, part?: string): string {
  return `${folder}/${instance}${part === undefined ? "" : `.${part}`}.lock`;
}
