/**
 * Workspaces that are filled before the runs that use them are due.
 *
 * @module
 */

import type { Workspaces } from "../code/workspaces.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import { botUserKey, type BotUsers } from "../users/bot_users.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import type { CodeMounter, FilledWorkspace } from "./code_mounter.ts";
import type { ContainerRemover } from "./container_remover.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { ExecutableHashes } from "./executable_hashes.ts";

/** Parts of {@linkcode PreparedWorkspaces}. */
export interface PreparedWorkspacesParts {
  /** Names the images. */
  readonly config: Pick<DockerRunnerConfig, "images" | "instance">;
  /** Folders of the containers. */
  readonly workspaces: Pick<Workspaces, "create">;
  /** Fills them. */
  readonly mounter: Pick<CodeMounter, "fill">;
  /** Removes those that no run takes. */
  readonly remover: Pick<ContainerRemover, "discardFolder">;
  /** Users that bots run as. */
  readonly users: Pick<BotUsers, "ownerOf">;
  /** Hash executables. */
  readonly hashes: Pick<ExecutableHashes, "whole">;
  /** The clock. @default {the one of this machine} */
  readonly clock?: Clock;
}

/** A workspace that is filled. */
export interface PreparedWorkspace {
  /** Its name. */
  readonly folder: string;
  /** Its content. */
  readonly filled: FilledWorkspace;
}

interface Kept extends PreparedWorkspace {
  readonly hash: string;
  readonly image: string;
  readonly preparedAt: number;
}

/** How old a workspace may be before {@linkcode PreparedWorkspaces.removeStale} removes it, in ms. */
const KEPT_MS = 5 * 60_000;

/** Keeps at most one workspace for each id. A start that finds one takes half of Berth's time, and mounts no overlay. */
export class PreparedWorkspaces implements AsyncDisposable {
  readonly #parts: PreparedWorkspacesParts;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  /** @param parts See {@linkcode PreparedWorkspacesParts}. */
  constructor(parts: PreparedWorkspacesParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  /**
   * Fills a workspace for the next run of an executable, unless there is one.
   *
   * @param executable A validated executable.
   * @param signal Cancels the call.
   */
  async prepare(executable: Executable, signal?: AbortSignal): Promise<void> {
    await this.removeStale();
    const { workspaces, mounter, users, hashes, config, remover } = this.#parts;
    const { id } = executable;
    const hash = hashes.whole(executable);
    if (this.#kept.get(id)?.hash === hash) return;
    const image = imageOf(executable, config.images);
    const user = await users.ownerOf(botUserKey(config.instance, id), signal);
    const folder = await workspaces.create(`run-${id}`);
    try {
      const filled = await mounter.fill(executable, { folder, user, signal });
      await this.discard(id);
      this.#kept.set(id, { folder, filled, hash, image, preparedAt: this.#clock.monotonic() });
    } catch (error) {
      await remover.discardFolder(folder, image);
      throw error;
    }
  }

  /**
   * Takes the workspace of a run that starts now. The caller starts a container in it, or removes it.
   *
   * @param executable A validated executable.
   * @returns `undefined` if there is none that fits.
   */
  take(executable: Executable): PreparedWorkspace | undefined {
    const kept = this.#kept.get(executable.id);
    if (kept?.hash !== this.#parts.hashes.whole(executable)) return undefined;
    this.#kept.delete(executable.id);
    return kept;
  }

  /** Removes the one of an id, if there is one. @param id Id of the executable. */
  async discard(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    if (kept) await this.#parts.remover.discardFolder(kept.folder, kept.image);
  }

  /** Removes those whose run has not come. */
  async removeStale(): Promise<void> {
    const now = this.#clock.monotonic();
    for (const [id, { preparedAt }] of this.#kept) {
      if (now - preparedAt > KEPT_MS) await this.discard(id);
    }
  }

  /** Removes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#kept.keys()) await this.discard(id);
  }
}
