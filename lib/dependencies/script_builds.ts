/**
 * Translates scripts in TypeScript, once for each archive of code.
 *
 * @module
 */

import esbuildLock from "./tools/esbuild_lock.json" with { type: "text" };
import type { BuiltArchive } from "../executable/code_dependencies.ts";
import { SharedWork } from "../util/shared_work.ts";
import type { NeededLibraries } from "./code_needs.ts";
import { hashOf } from "./dependency_key.ts";
import { keepArchive } from "./keep_archive.ts";
import type { BuildContext, BuildTools, LibraryBuilds } from "./library_builds.ts";

/** esbuild is the bundler that most tools are built on. It is built like any other libraries, and kept like them. */
const ESBUILD: NeededLibraries = {
  tool: "npm",
  folder: "node_modules",
  source: "package.json",
  inputs: { "package.json": packageOf(esbuildLock) },
  lockFile: "package-lock.json",
  lock: esbuildLock,
};

/** Translates scripts. */
export class ScriptBuilds {
  readonly #tools: BuildTools;
  readonly #libraries: LibraryBuilds;
  readonly #work = new SharedWork<BuiltArchive>();

  /** @param tools Dependencies of builds. @param libraries Builds the translator. */
  constructor(tools: BuildTools, libraries: LibraryBuilds) {
    this.#tools = tools;
    this.#libraries = libraries;
  }

  /**
   * Translates scripts, unless that was done before. Each becomes one ES module with the files of the bot that it
   * imports; packages stay outside.
   *
   * @param scripts Paths of the scripts.
   * @param context See {@linkcode BuildContext}; the code is needed.
   * @throws {DependencyError} If a script cannot be translated; `lines` says where.
   */
  async build(scripts: readonly string[], context: BuildContext): Promise<BuiltArchive> {
    const { code, image, interpreter, signal } = context;
    const { store, builder, trees } = this.#tools;
    const key = hashOf({
      code: code!.sha256,
      scripts,
      lock: esbuildLock,
      image: image.digest,
      platform: image.platform,
    });
    const known = await store.find("scripts", key, signal);
    if (known) return known;
    return await this.#work.run(key, async (signal) => {
      const esbuild = await this.#libraries.build(ESBUILD, {
        ...context,
        choices: { allowSourceBuilds: false },
        signal,
      });
      return await trees.use(esbuild.libraries, (tool) =>
        builder.run({
          builder: "typescript",
          task: { scripts },
          engine: image.engine,
          image: image.reference,
          interpreter,
          folders: [
            { source: code!.path, target: "/code" },
            { source: tool.path, target: "/tools/node_modules" },
          ],
          isOnline: false,
          what: scripts.join(", "),
        }, ({ archive }) =>
          keepArchive(this.#tools, { kind: "scripts", key, path: archive }, signal), {
          ...(context.onLine && { onLine: context.onLine }),
          signal,
        }), { signal });
    }, signal);
  }
}

function packageOf(lock: string): string {
  const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
  return JSON.stringify(packages[""]);
}
