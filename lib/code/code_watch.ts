/**
 * Keeps cleaners of temporary files away from code that runs, and notices where they came all the same.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { Workspaces } from "./workspaces.ts";
import { unlessMissing } from "../util/files.ts";
import type { CodeTrees } from "./code_trees.ts";

/** Cleaners remove what nobody has used for days. */
const REFRESH_MS = 6 * 60 * 60_000;

/** Options of a {@linkcode CodeWatch}. */
export interface CodeWatchOptions {
  /** Absolute path of the folder that everything below is in. */
  readonly root: string;
  /** The workspaces of the containers. */
  readonly workspaces: Workspaces;
  /** The trees that they use. */
  readonly trees: Pick<CodeTrees, "refresh" | "isThere">;
  /** The time, in ms, never going back. @default {performance.now} */
  readonly clock?: () => number;
}

/** Watches over the code of the containers of one instance. Works when it is asked, and holds no timer. */
export class CodeWatch implements AsyncDisposable {
  readonly #options: CodeWatchOptions;
  readonly #clock: () => number;
  /** Folders of containers whose tree was found damaged. */
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
   * Whether code was removed from under a container.
   *
   * @param info What the engine knows of it.
   * @returns False for one that does not run.
   */
  async isLost({ phase, labels }: ContainerInfo): Promise<boolean> {
    const folder = labels[LABEL.folder];
    const sha256 = labels[LABEL.code];
    if (phase !== "running" || !folder || !sha256) return false;
    if (this.#lost.has(folder)) return true;
    const { workspaces, trees } = this.#options;
    try {
      const path = workspaces.path(folder);
      if (!await unlessMissing(Deno.lstat(`${path}/view`))) return true;
      // A copy needs no tree.
      if (await unlessMissing(Deno.lstat(`${path}/work`)) && !await trees.isThere(sha256)) return true;
      if (await workspaces.holdOf(folder) === undefined) await workspaces.hold(folder, sha256);
    } catch (error) {
      // No answer is not an answer.
      this.#log.debug("code not looked at", { folder, error });
    }
    return false;
  }

  /** Makes what is used look used, from time to time; does not wait for that. */
  refresh(): void {
    const now = this.#clock();
    if (now - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = now;
    this.#refreshing = this.#refresh().catch((error) => {
      this.#log.warn("code trees not looked at", { error });
    });
  }

  /** Ends what is under way, and lets cleaners come. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#refreshedAt = Infinity;
    await this.#refreshing;
    this.#lock?.close();
    this.#lock = undefined;
  }

  async #refresh(): Promise<void> {
    const { root, workspaces, trees } = this.#options;
    // systemd-tmpfiles passes by a folder that somebody has locked, with all that is in it.
    this.#lock ??= await unlessMissing(Deno.open(root));
    await this.#lock?.tryLock(false);
    const damaged = await trees.refresh();
    for (const folder of await workspaces.names()) {
      const now = new Date();
      for (const name of ["", "/view", "/runner"]) {
        await unlessMissing(Deno.utime(`${workspaces.path(folder)}${name}`, now, now));
      }
      const sha256 = damaged.size > 0 ? await workspaces.holdOf(folder) : undefined;
      if (sha256 === undefined || !damaged.has(sha256)) continue;
      if (await unlessMissing(Deno.lstat(`${workspaces.path(folder)}/work`))) this.#lost.add(folder);
    }
  }
}
