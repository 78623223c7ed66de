/**
 * Puts a bot's code and the runner's own files where its container can see them.
 *
 * @module
 */

import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import type { CodeManager } from "../code/code_manager.ts";
import type { CodeView, CodeViews } from "../code/code_views.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { BindMount, OverlayMount } from "../engine/container_spec.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import { codeMountDir } from "../executable/container_layout.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ScriptManager } from "../executable/script_manager.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import { allSettledOrThrow } from "../util/promises.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";

/** Parts of a {@linkcode CodeMounter}. */
export interface CodeMounterOptions {
  /** Names the images. */
  readonly config: Pick<DockerRunnerConfig, "images">;
  /** Fetches and extracts code. */
  readonly code: CodeManager;
  /** Writes the runner's own files. */
  readonly scripts: ScriptManager;
  /** Makes the code visible to one container. */
  readonly views: CodeViews;
  /** Compiles code ahead of a start. @default {code is not compiled ahead} */
  readonly bytecode?: BytecodeLayers;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
  /** Whether files are given to the user of the bot, which only root may do. */
  readonly chownToBotUser: boolean;
}

/** The code of one container, ready to be mounted. */
export interface MountedCode {
  /** Folders to bind. */
  readonly binds: readonly BindMount[];
  /** Overlays to mount. */
  readonly overlays: readonly OverlayMount[];
  /** Environment variables: the script to run, and what its program needs. */
  readonly env: Readonly<Record<string, string>>;
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

/** Options of {@linkcode CodeMounter.mount}. */
export interface MountCodeOptions {
  /** Name of the container's workspace. */
  readonly folder: string;
  /** User that the bot runs as. */
  readonly user: FileOwner;
  /** Cancels the call. */
  readonly signal: AbortSignal | undefined;
}

/** Prepares the workspace of a container. */
export class CodeMounter {
  readonly #options: CodeMounterOptions;

  /** @param options See {@linkcode CodeMounterOptions}. */
  constructor(options: CodeMounterOptions) {
    this.#options = options;
  }

  /**
   * Fills the workspace of a container, then starts the container. If the engine cannot mount the code, the start is
   * tried once more with a copy of it.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode MountCodeOptions}.
   * @param start Starts the container with the mounts that it is given.
   * @returns The result of `start`.
   */
  mount<T>(
    executable: Executable,
    { folder, user, signal }: MountCodeOptions,
    start: (mounted: MountedCode) => Promise<T>,
  ): Promise<T> {
    const { code, scripts, views, bytecode, workspaces, chownToBotUser, config } = this.#options;
    const path = workspaces.path(folder);
    const owner = chownToBotUser ? user : undefined;
    const image = imageOf(executable, config.images);
    return code.fetchAndExtract(executable, async ({ tree, script, loader }) => {
      const layer = bytecode?.find(tree, image);
      // The code also runs without bytecode, so this start does not wait for it; the next one is faster.
      if (!layer) bytecode?.makeLater(tree, image, runtimeOf(executable));
      const createView = () =>
        views.create(tree, {
          folder: path,
          target: codeMountDir(executable.entrypoint),
          owner,
          layers: layer ? [layer] : undefined,
          signal,
        });
      const [view, scriptMounts] = await allSettledOrThrow([
        createView(),
        onDisk(`write to '${path}'`, () => scripts.create(executable, path, owner)),
      ]);
      const env = {
        ...(script !== undefined && { SCRIPT_PATH: script }),
        ...(loader !== undefined && { PROGRAM_LOADER: loader }),
      };
      const startWith = ({ binds, overlays }: CodeView) =>
        start({ binds: [...binds, ...scriptMounts], overlays, env, sha256: tree.sha256 });
      try {
        return await startWith(view);
      } catch (error) {
        if (!views.isRefused(view, error)) throw error;
        await onDisk(`clear '${path}'`, () => Deno.remove(`${path}/view`, { recursive: true }));
        return await startWith(await createView());
      }
    }, { hold: (sha256) => workspaces.hold(folder, sha256), signal });
  }
}
