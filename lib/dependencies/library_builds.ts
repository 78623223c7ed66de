/**
 * Builds libraries, once for each lock, image and choice.
 *
 * @module
 */

import type { CodeTree } from "../code/code_tree.ts";
import type { BuiltLibraries } from "../executable/code_dependencies.ts";
import type { SecretReferences } from "../secrets/secret_resolver.ts";
import { SharedWork } from "../util/shared_work.ts";
import type { BuildEngine } from "./builder_files.ts";
import type { NeededLibraries } from "./code_needs.ts";
import type { DependencyBuilder } from "./dependency_builder.ts";
import { type BuildChoices, type BuildImage, hashOf, librariesKey, lockKey } from "./dependency_key.ts";
import type { DependencyStore } from "./dependency_store.ts";
import type { DependencyTrees } from "./dependency_trees.ts";
import { keepArchive } from "./keep_archive.ts";
import { stampFor } from "./requirements_text.ts";

/** Dependencies of builds. */
export interface BuildTools {
  /** Runs builds. */
  readonly builder: DependencyBuilder;
  /** Keeps the builds. */
  readonly store: DependencyStore;
  /** Extracts the builds. */
  readonly trees: DependencyTrees;
}

/** An image, and the engine that has it. */
export interface PresentImage extends BuildImage {
  /** The engine, which builds. */
  readonly engine: BuildEngine;
}

/** Surroundings of a build. */
export interface BuildContext {
  /** The code; absent for Berth's own tools. */
  readonly code?: CodeTree;
  /** Image to build on, which is present. */
  readonly image: PresentImage;
  /** Interpreter of the image. */
  readonly interpreter: string;
  /** Settings that change the result. */
  readonly choices: BuildChoices;
  /** Variables of the tools, by references to secrets. They do not change the result. @default {none} */
  readonly secrets?: SecretReferences;
  /** Called for each line that the build prints. */
  readonly onLine?: (line: string) => void;
  /** Cancels the wait. */
  readonly signal?: AbortSignal;
}

/** Libraries, and the lock that was made for them. */
export interface BuiltLibrariesAndLock {
  /** The libraries. */
  readonly libraries: BuiltLibraries;
  /** The lock, if the code had none. */
  readonly lock?: { readonly file: string; readonly text: string };
}

/** Builds libraries. Two callers that need the same share one build. */
export class LibraryBuilds {
  readonly #tools: BuildTools;
  readonly #work = new SharedWork<BuiltLibrariesAndLock>();
  /** Calls that wait for a build, by its key: all of them get its output. */
  readonly #listeners = new Map<string, Set<(line: string) => void>>();

  /** @param tools Dependencies of builds. */
  constructor(tools: BuildTools) {
    this.#tools = tools;
  }

  /**
   * Builds libraries, unless they were built before.
   *
   * @param needed The libraries.
   * @param context See {@linkcode BuildContext}.
   * @throws {DependencyError} If the build fails.
   */
  async build(needed: NeededLibraries, context: BuildContext): Promise<BuiltLibrariesAndLock> {
    const { store } = this.#tools;
    const { image, choices, signal } = context;
    if (needed.lock !== undefined) return await this.#buildLocked(needed, context);
    const key = lockKey(needed, image, choices);
    const text = await store.findLock(key, signal);
    if (text === undefined) return await this.#share(key, needed, context);
    const lock = { file: needed.lockFile, text };
    return { ...await this.#buildLocked(withLock(needed, text), context), lock };
  }

  async #buildLocked(needed: NeededLibraries, context: BuildContext): Promise<BuiltLibrariesAndLock> {
    const key = librariesKey(needed, context.image, context.choices);
    const known = await this.#tools.store.find("libraries", key, context.signal);
    return known
      ? { libraries: { ...known, folder: needed.folder } }
      : await this.#share(key, needed, context);
  }

  async #share(key: string, needed: NeededLibraries, context: BuildContext): Promise<BuiltLibrariesAndLock> {
    const { onLine, signal } = context;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    if (onLine) listeners.add(onLine);
    try {
      return await this.#work.run(key, (signal) => this.#run(needed, context, listeners, signal), signal);
    } finally {
      if (onLine) listeners.delete(onLine);
      if (listeners.size === 0) this.#listeners.delete(key);
    }
  }

  #run(
    needed: NeededLibraries,
    { code, image, interpreter, choices, secrets = {} }: BuildContext,
    listeners: ReadonlySet<(line: string) => void>,
    signal: AbortSignal,
  ): Promise<BuiltLibrariesAndLock> {
    const { builder } = this.#tools;
    const { tool, source, inputs, lock, lockFile, folder } = needed;
    const onLine = (line: string) => listeners.forEach((listener) => listener(line));
    return builder.run({
      builder: tool === "npm" ? "node" : "python",
      task: { tool, source, inputs, lockFile, ...choices, ...(lock !== undefined && { lock }) },
      engine: image.engine,
      image: image.reference,
      interpreter,
      folders: code ? [{ source: code.path, target: "/code" }] : [],
      isOnline: true,
      secrets,
      leaves: lock === undefined ? [lockFile] : [],
      what: lock === undefined ? source : lockFile,
    }, async ({ archive, read }) => {
      const made = lock === undefined
        ? await this.#lockOf(needed, image, choices, await read(lockFile))
        : undefined;
      const locked = made ? withLock(needed, made.text) : needed;
      const key = librariesKey(locked, image, choices);
      const built = await keepArchive(this.#tools, { kind: "libraries", key, path: archive }, signal);
      // Found from now on: a lock without its libraries would be built at the next deployment.
      if (made) await this.#tools.store.addLock(made.key, made.text, signal);
      return {
        libraries: { ...built, folder },
        ...(made && { lock: { file: lockFile, text: made.text } }),
      };
    }, { onLine, signal });
  }

  #lockOf(needed: NeededLibraries, image: BuildImage, choices: BuildChoices, text: string) {
    const stamp = needed.tool === "requirements" ? stampFor(needed.source, hashOf(needed.inputs)) : "";
    return { key: lockKey(needed, image, choices), text: `${stamp}${text}` };
  }
}

/** The same libraries as if the lock were beside their source. */
function withLock(needed: NeededLibraries, lock: string): NeededLibraries {
  return { ...needed, inputs: { ...needed.inputs, [needed.lockFile]: lock }, lock };
}
