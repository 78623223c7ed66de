/**
 * Puts a bot's code and the runner's own files where its container can see them.
 *
 * @module
 */

import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import type { CodeManager, ExtractedCode } from "../code/code_manager.ts";
import { removeTree } from "../code/remove_tree.ts";
import type { CodeView, CodeViews, CreateViewOptions } from "../code/code_views.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { BindMount, OverlayMount } from "../engine/container_spec.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import { codeMountDir, CONFIG_FILE, STOP_REASON_FILE } from "../executable/container_layout.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ScriptManager } from "../executable/script_manager.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import { allSettledOrThrow } from "../util/promises.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { limitsOf } from "./limit_bounds.ts";

/** Parts of a {@linkcode CodeMounter}. */
export interface CodeMounterOptions {
  /** Names the images, and limits what bots write. */
  readonly config: Pick<DockerRunnerConfig, "images" | "network" | "resources">;
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

/** Files that were put into a workspace. */
export interface FilledWorkspace {
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
  /** User that they belong to. */
  readonly uid: number;
  /** Mounts of the code. */
  readonly view: CodeView;
  /** Mounts of the runner's own files. */
  readonly scripts: readonly BindMount[];
}

/** Options of {@linkcode CodeMounter.fill}. */
export interface FillWorkspaceOptions {
  /** Name of the container's workspace. */
  readonly folder: string;
  /** User that the bot runs as. */
  readonly user: FileOwner;
  /** Cancels the call. */
  readonly signal: AbortSignal | undefined;
}

/** Options of {@linkcode CodeMounter.mount}. */
export interface MountCodeOptions extends FillWorkspaceOptions {
  /** The files that the workspace has already. @default {none} */
  readonly filled?: FilledWorkspace | undefined;
}

/** Largest code that is copied ahead of a start, in bytes. */
const MAX_COPY_BYTES = 8 * 1024 ** 2;
/** A copy counts as written by the bot: it may have this part of the bot's disk limit. */
const COPY_SHARE = 100;

/** Names in a workspace of the files that {@linkcode CodeMounter.fill} puts there. */
const FILLED = ["view", "work", CONFIG_FILE, STOP_REASON_FILE];

/** Prepares the workspace of a container. */
export class CodeMounter {
  readonly #options: CodeMounterOptions;

  /** @param options See {@linkcode CodeMounterOptions}. */
  constructor(options: CodeMounterOptions) {
    this.#options = options;
  }

  /**
   * Fills a workspace ahead of a start.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode FillWorkspaceOptions}.
   */
  fill(executable: Executable, options: FillWorkspaceOptions): Promise<FilledWorkspace> {
    const { diskBytes = Infinity } = limitsOf(executable, this.#options.config).resources;
    const copyBytes = Math.min(MAX_COPY_BYTES, diskBytes / COPY_SHARE);
    return this.#withCode(
      executable,
      options,
      (code) => this.#fill(executable, code, { ...options, copyBytes }),
    );
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
    options: MountCodeOptions,
    start: (mounted: MountedCode) => Promise<T>,
  ): Promise<T> {
    const { views } = this.#options;
    return this.#withCode(executable, options, async (code) => {
      const { tree: { sha256 }, script, loader } = code;
      const env = {
        ...(script !== undefined && { SCRIPT_PATH: script }),
        ...(loader !== undefined && { PROGRAM_LOADER: loader }),
      };
      const startWith = ({ view: { binds, overlays }, scripts }: FilledWorkspace) =>
        start({ binds: [...binds, ...scripts], overlays, env, sha256 });
      const filled = await this.#reuse(sha256, options) ?? await this.#fill(executable, code, options);
      try {
        return await startWith(filled);
      } catch (error) {
        if (!views.isRefused(filled.view, error)) throw error;
        await this.#clear(options.folder);
        return await startWith(await this.#fill(executable, code, options));
      }
    });
  }

  #withCode<T>(
    executable: Executable,
    { folder, signal }: FillWorkspaceOptions,
    use: (code: ExtractedCode) => Promise<T>,
  ): Promise<T> {
    const { code, workspaces } = this.#options;
    return code.fetchAndExtract(executable, use, {
      hold: (sha256) => workspaces.hold(folder, sha256),
      ...(signal && { signal }),
    });
  }

  /** Decides whether the files that are there fit. If not, it removes them. */
  async #reuse(
    sha256: string,
    { folder, user, filled }: MountCodeOptions,
  ): Promise<FilledWorkspace | undefined> {
    if (!filled) return undefined;
    if (filled.sha256 === sha256 && filled.uid === user.uid) return filled;
    await this.#clear(folder);
    return undefined;
  }

  async #clear(folder: string): Promise<void> {
    const path = this.#options.workspaces.path(folder);
    await onDisk(`clear '${path}'`, () => Promise.all(FILLED.map((name) => removeTree(`${path}/${name}`))));
  }

  async #fill(
    executable: Executable,
    { tree }: ExtractedCode,
    { folder, user, signal, copyBytes }: FillWorkspaceOptions & Pick<CreateViewOptions, "copyBytes">,
  ): Promise<FilledWorkspace> {
    const { scripts, views, bytecode, workspaces, chownToBotUser, config } = this.#options;
    const path = workspaces.path(folder);
    const owner = chownToBotUser ? user : undefined;
    const image = imageOf(executable, config.images);
    const layer = bytecode?.find(tree, image);
    // The code also runs without bytecode, so this start does not wait for it; the next one is faster.
    if (!layer) bytecode?.makeLater(tree, image, runtimeOf(executable));
    const [view, scriptMounts] = await allSettledOrThrow([
      views.create(tree, {
        folder: path,
        target: codeMountDir(executable.entrypoint),
        owner,
        layers: layer ? [layer] : undefined,
        copyBytes,
        signal,
      }),
      onDisk(`write to '${path}'`, () => scripts.create(executable, path, owner)),
    ]);
    return { sha256: tree.sha256, uid: user.uid, view, scripts: scriptMounts };
  }
}
