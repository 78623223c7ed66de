/**
 * One process per instance.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { BerthError } from "./errors.ts";

/** How often, and every how many ms, a name that is taken is tried again before it counts as taken. */
const MAX_TRIES = 5;
const RETRY_MS = 20;

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
  readonly #file: Deno.FsFile;
  readonly #path: string;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * Takes the name.
   *
   * @param folder Absolute path of an existing folder, the same for every process concerned.
   * @param instance Name of the instance.
   * @returns The lock. Dispose it to give the name up.
   * @throws {InstanceLockedError} when another process has it; the message names that process.
   */
  static async acquire(folder: string, instance: string): Promise<InstanceLock> {
    const path = pathOf(folder, instance);
    for (let tries = 1;; tries++) {
      const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
      if (!await file.tryLock(true)) {
        file.close();
        // Somebody who only looks has it for a moment.
        if (tries < MAX_TRIES) await delay(RETRY_MS);
        else throw new InstanceLockedError(instance, (await Deno.readTextFile(path).catch(() => "")).trim());
        continue;
      }
      if (await isStill(path, file)) {
        await file.truncate();
        await file.write(new TextEncoder().encode(`pid ${Deno.pid}, since ${new Date().toISOString()}\n`));
        return new InstanceLock(file, path);
      }
      // Its last holder removed it between our opening and locking it.
      file.close();
    }
  }

  /**
   * Looks who has the name.
   *
   * @param folder Absolute path of the folder; it may be missing.
   * @param instance Name of the instance.
   * @returns What the process that has it says of itself; `undefined` when nobody has it.
   */
  static async holder(folder: string, instance: string): Promise<string | undefined> {
    const path = pathOf(folder, instance);
    try {
      using file = await Deno.open(path);
      if (await file.tryLock(false)) return undefined;
      return (await Deno.readTextFile(path)).trim() || "a process that has just begun";
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      if (error instanceof Deno.errors.PermissionDenied) return "a process of another user";
      throw error;
    }
  }

  /** Gives the name up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#path).catch(() => {});
    this.#file.close();
  }
}

function pathOf(folder: string, instance: string): string {
  return `${folder}/${instance}.lock`;
}

async function isStill(path: string, file: Deno.FsFile): Promise<boolean> {
  const [there, held] = await Promise.all([Deno.stat(path).catch(() => undefined), file.stat()]);
  return there !== undefined && there.ino === held.ino && there.dev === held.dev;
}
