/**
 * Protects running code from cleaners of temporary files, and notices when files are removed anyway.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { HeldTree, Workspaces } from "./workspaces.ts";
import { unlessMissing } from "../util/files.ts";
import type { CodeTrees } from "./code_trees.ts";

/** How often times of access are renewed, in ms: cleaners remove files that were not used for days. */
const REFRESH_MS = 6 * 60 * 60_000;

/** Age from which a tree of dependencies that no container uses is removed, in ms. */
const UNUSED_MS = 24 * 60 * 60_000;
const DEPENDENCIES: readonly HeldTree[] = ["libraries", "scripts"];

/** Options of a {@linkcode CodeWatch}. */
export interface CodeWatchOptions {
  /** Absolute path of the folder that holds workspaces and trees. */
  readonly root: string;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
  /** Trees that the containers use. */
  readonly trees: Pick<CodeTrees, "refresh" | "isThere" | "isGoneFrom">;
  /** Trees of libraries and translated scripts that the containers use. */
  readonly dependencies: Pick<CodeTrees, "refresh" | "isThere" | "removeUnused">;
  /** Monotonic clock, in ms. @default {performance.now} */
  readonly clock?: () => number;
}

/** Watches the code of the containers of one instance. Has no timer: each call checks what is due. */
export class CodeWatch implements AsyncDisposable {
  readonly #options: CodeWatchOptions;
  readonly #clock: () => number;
  /** Workspaces of containers whose tree is damaged. */
  readonly #lost = new Set<string>();
  readonly #log = getLogger(["berth", "runner"]);
  #lock: Deno.FsFile | undefined;
  #refreshedAt = -Infinity;
  #refreshing: Promise<void> = Promise.resolve();

  /** @param options See {@linkcode CodeWatchOptions}. */
  constructor(options: CodeWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /**
   * Whether files of a running container's code are missing.
   *
   * @param info The container.
   * @returns False for a container that does not run.
   */
  async isLost({ phase, labels }: ContainerInfo): Promise<boolean> {
    const folder = labels[LABEL.folder];
    const sha256 = labels[LABEL.code];
    if (phase !== "running" || !folder || !sha256) return false;
    if (this.#lost.has(folder)) return true;
    const { workspaces, trees, dependencies } = this.#options;
    try {
      const path = workspaces.path(folder);
      if (!await unlessMissing(Deno.lstat(`${path}/view`))) return true;
      // A container with a copy of its code needs no tree.
      const isCopy = await unlessMissing(Deno.lstat(`${path}/work`)) === undefined;
      if (isCopy ? trees.isGoneFrom(`${path}/view`, sha256) : !trees.isThere(sha256)) return true;
      if (await workspaces.holdOf(folder) === undefined) await workspaces.hold(folder, sha256);
      for (const held of DEPENDENCIES) {
        const built = await workspaces.holdOf(folder, held);
        if (built !== undefined && !dependencies.isThere(built)) return true;
      }
    } catch (error) {
      // A failed check does not mean that files are missing.
      this.#log.debug("code not checked", { folder, error });
    }
    return false;
  }

  /** Renews the times of access of used files if that is due. Does not wait for it. */
  refresh(): void {
    const now = this.#clock();
    if (now - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = now;
    this.#refreshing = this.#refresh().catch((error) => {
      this.#log.warn("code trees not checked", { error });
    });
  }

  /** Waits for checks in progress, and unlocks the folder for cleaners. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#refreshedAt = Infinity;
    await this.#refreshing;
    this.#lock?.close();
    this.#lock = undefined;
  }

  async #refresh(): Promise<void> {
    const { root, workspaces, trees, dependencies } = this.#options;
    // systemd-tmpfiles skips a locked folder and everything in it.
    this.#lock ??= await unlessMissing(Deno.open(root));
    await this.#lock?.tryLock(false);
    const damaged = await trees.refresh();
    const damagedDependencies = await dependencies.refresh();
    await dependencies.removeUnused(UNUSED_MS);
    for (const folder of await workspaces.names()) {
      const now = new Date();
      for (const name of ["", "/view", "/runner"]) {
        await unlessMissing(Deno.utime(`${workspaces.path(folder)}${name}`, now, now));
      }
      for (const held of damagedDependencies.size > 0 ? DEPENDENCIES : []) {
        if (damagedDependencies.has(await workspaces.holdOf(folder, held) ?? "")) this.#lost.add(folder);
      }
      const sha256 = damaged.size > 0 ? await workspaces.holdOf(folder) : undefined;
      if (sha256 === undefined || !damaged.has(sha256)) continue;
      if (await unlessMissing(Deno.lstat(`${workspaces.path(folder)}/work`))) this.#lost.add(folder);
    }
  }
}
