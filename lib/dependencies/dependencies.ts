/**
 * Builds what code needs at its deployment, and gives it to containers at their starts.
 *
 * @module
 */

import { basename } from "node:path";
import type { CodeManager } from "../code/code_manager.ts";
import type { CodeTree } from "../code/code_tree.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { BindMount } from "../engine/container_spec.ts";
import { ImageUnavailableError } from "../errors.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import { type BuiltArchive, type CodeDependencies, TRANSLATED } from "../executable/code_dependencies.ts";
import { codeMountDir } from "../executable/container_layout.ts";
import { type Executable, scriptPath } from "../executable/executable.ts";
import type { StartContext, StartPart, StartSource } from "../executable/start_source.ts";
import type { BuildEngine } from "./builder_files.ts";
import {
  type BuildTools,
  type BuiltLibrariesAndLock,
  LibraryBuilds,
  type PresentImage,
} from "./library_builds.ts";
import { type CodeNeeds, codeNeeds, isTypeScript } from "./code_needs.ts";
import type { BuildChoices } from "./dependency_key.ts";
import { ScriptBuilds } from "./script_builds.ts";

/** Parts of {@linkcode Dependencies}. */
export interface DependenciesOptions extends BuildTools {
  /** Chooses the engine of a build. */
  readonly engine: (signal?: AbortSignal) => Promise<BuildEngine>;
  /** Image of each runtime. */
  readonly images: Readonly<Record<string, string>>;
  /** Fetches and extracts code. */
  readonly code: CodeManager;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
}

/** Options of {@linkcode Dependencies.build}. */
export interface BuildDependenciesOptions extends Partial<BuildChoices> {
  /** Variables of the tools that install libraries, by references to secrets. @default {none} */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Called for each line that a build prints. */
  readonly onLine?: (line: string) => void;
  /** Cancels the wait; a build that others wait for continues. */
  readonly signal?: AbortSignal;
}

/** The result of a build. */
export interface BuiltDependencies {
  /** The dependencies for `Executable.dependencies`; absent if the code needs none. */
  readonly dependencies?: CodeDependencies;
  /** A lock that was made because there was none; it belongs beside the source. */
  readonly lock?: { readonly file: string; readonly text: string };
}

/** Longest description of dependencies, in bytes. */
const MAX_DESCRIPTION_BYTES = 8 * 1024 ** 2;

/** Builds dependencies once for everything that decides their content, and mounts them read-only. */
export class Dependencies implements StartSource {
  readonly #options: DependenciesOptions;
  readonly #libraries: LibraryBuilds;
  readonly #scripts: ScriptBuilds;

  /** @param options See {@linkcode DependenciesOptions}. */
  constructor(options: DependenciesOptions) {
    this.#options = options;
    this.#libraries = new LibraryBuilds(options);
    this.#scripts = new ScriptBuilds(options, this.#libraries);
  }

  /**
   * Builds what the code of an executable needs, unless that is already done.
   *
   * @param executable Names the code and its runtime.
   * @param options See {@linkcode BuildDependenciesOptions}.
   * @throws {DependencyError} If the description of the dependencies cannot be used, or a build fails.
   * @throws {SecretUnavailableError} If a secret has no usable value.
   * @throws {ImageUnavailableError} If the image of the runtime is not available.
   */
  build(executable: Executable, options: BuildDependenciesOptions = {}): Promise<BuiltDependencies> {
    const { allowSourceBuilds = false, secrets = {}, onLine, signal } = options;
    const { code } = this.#options;
    const runtime = runtimeOf(executable);
    const { interpreter } = runtime;
    // Programs and images bring along what they need.
    if (interpreter !== "python3" && interpreter !== "node") return Promise.resolve({});
    return code.fetchAndExtract(executable, async ({ tree }) => {
      const needs = codeNeeds(runtime, listingOf(tree, Object.values(executable.entrypointFiles)));
      if (!needs.libraries && needs.scripts.length === 0) return {};
      const image = await this.#imageOf(executable.runtime, signal);
      const build = {
        code: tree,
        image,
        interpreter,
        choices: { allowSourceBuilds },
        secrets,
        ...(onLine && { onLine }),
        ...(signal && { signal }),
      };
      return await this.#build(needs, build);
    }, signal ? { signal } : {});
  }

  /** Mounts the dependencies of an executable, see {@linkcode StartSource}. Builds nothing and asks no registry. */
  async prepare(executable: Executable, context: StartContext): Promise<StartPart> {
    const { libraries, scripts } = executable.dependencies ?? {};
    const folder = codeMountDir(executable.entrypoint);
    const binds: BindMount[] = [];
    if (libraries) {
      const source = await this.#hold(libraries, "libraries", context);
      binds.push({ source, target: `${folder}/${libraries.folder}`, readOnly: true });
    }
    const script = scriptPath(executable);
    if (!scripts || script === undefined || !isTypeScript(script)) return { binds };
    const tree = await this.#hold(scripts, "scripts", context);
    const file = `${script}${TRANSLATED}`;
    binds.push({ source: `${tree}/${file}`, target: `${folder}/${file}`, readOnly: true });
    return { binds, env: { SCRIPT_PATH: file, NODE_OPTIONS: "--enable-source-maps" } };
  }

  async #build(
    { libraries, scripts }: CodeNeeds,
    build: Parameters<LibraryBuilds["build"]>[1],
  ): Promise<BuiltDependencies> {
    const built: BuiltLibrariesAndLock | undefined = libraries &&
      await this.#libraries.build(libraries, build);
    const translated = scripts.length > 0 ? await this.#scripts.build(scripts, build) : undefined;
    return {
      dependencies: {
        ...(built && { libraries: built.libraries }),
        ...(translated && { scripts: translated }),
      },
      ...(built?.lock && { lock: built.lock }),
    };
  }

  async #imageOf(runtime: string, signal?: AbortSignal): Promise<PresentImage> {
    const { images } = this.#options;
    const engine = await this.#options.engine(signal);
    const reference = images[runtime]!;
    const options = signal ? { signal } : {};
    await engine.pullImage(reference, options);
    const info = await engine.inspectImage(reference, options);
    if (info) return { reference, digest: info.id, platform: info.platform, engine };
    throw new ImageUnavailableError(
      reference,
      `The image '${reference}' was removed at this moment. Try again.`,
      {
        reason: "not-found",
      },
    );
  }

  async #hold(
    archive: BuiltArchive,
    use: "libraries" | "scripts",
    { workspace, signal }: StartContext,
  ): Promise<string> {
    const { trees, workspaces } = this.#options;
    const hold = (sha256: string) => workspaces.hold(basename(workspace), sha256, use);
    return await trees.use(archive, ({ path }) => Promise.resolve(path), { hold, signal });
  }
}

function listingOf(tree: CodeTree, scripts: readonly string[]) {
  const { files, folders } = tree.manifest;
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  const all = new Set([...sizes.keys(), ...folders]);
  return {
    has: (path: string) => all.has(path) || all.has(`${path}/`),
    read: (path: string) => {
      const size = sizes.get(path);
      // Only the tree's own files: a path of a requirements file may be any.
      if (size === undefined || size > MAX_DESCRIPTION_BYTES) return undefined;
      return Deno.readTextFileSync(`${tree.path}/${path}`);
    },
    scripts,
  };
}
