/**
 * Provides built archives as extracted trees, one for all bots that need it.
 *
 * @module
 */

import type { CodeCache } from "../code/code_cache.ts";
import type { CodeTree } from "../code/code_tree.ts";
import type { CodeTrees } from "../code/code_trees.ts";
import { BerthError, InvalidArchiveError, ObjectNotFoundError } from "../errors.ts";
import type { BuiltArchive } from "../executable/code_dependencies.ts";
import { DependencyError } from "./dependency_error.ts";

/** Parts of {@linkcode DependencyTrees}. */
export interface DependencyTreesOptions {
  /** Archives on disk. */
  readonly cache: CodeCache;
  /** Extracted archives. */
  readonly trees: CodeTrees;
  /** Bucket of the archives. */
  readonly bucket: string;
}

/** Options of {@linkcode DependencyTrees.use}. */
export interface UseTreeOptions {
  /** Called with the hash of the tree before the tree is used, to record a use that outlasts this call. */
  readonly hold?: (sha256: string) => Promise<void>;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Number of attempts: a cleaner of temporary files may remove a tree right after it was extracted. */
const MAX_TRIES = 3;

/** Fetches and extracts each built archive once. An extracted one is used without a call to the object store. */
export class DependencyTrees {
  readonly #options: DependencyTreesOptions;

  /** @param options See {@linkcode DependencyTreesOptions}. */
  constructor(options: DependencyTreesOptions) {
    this.#options = options;
  }

  /**
   * Calls a function with a tree, which stays on disk until the function returns, and longer if `hold` has recorded a
   * use.
   *
   * @param archive The archive.
   * @param use The function.
   * @param options See {@linkcode UseTreeOptions}.
   * @returns The result of the function.
   * @throws {DependencyError} If the archive is gone from the object store.
   * @throws {ObjectStoreError} If the tree is not there and the store does not answer.
   * @throws {BerthError} If the tree cannot be written (`archive/io`).
   */
  async use<T>(
    archive: BuiltArchive,
    use: (tree: CodeTree) => Promise<T>,
    { hold, signal }: UseTreeOptions = {},
  ): Promise<T> {
    const { trees } = this.#options;
    const { key, sha256 } = archive;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (!trees.isThere(sha256)) await this.#fetch(archive, signal);
      await hold?.(sha256);
      signal?.throwIfAborted();
      const used = await trees.use(sha256, use);
      if (used) return used.value;
    }
    throw new BerthError("archive/io", `Cannot keep '${key}': it is removed as soon as it is extracted.`, {
      advice: "Check which program cleans up the folder at TEMP_DIR.",
    });
  }

  /**
   * Extracts an archive that was just built.
   *
   * @param path Absolute path of the archive.
   * @param file Its SHA-256 and its size in bytes.
   * @throws {InvalidArchiveError} If the archive is refused.
   */
  async add(
    path: string,
    file: { readonly sha256: string; readonly size: number },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#options.trees.make({ path, ...file }, signal);
  }

  async #fetch({ key, sha256 }: BuiltArchive, signal?: AbortSignal): Promise<void> {
    const { cache, trees, bucket } = this.#options;
    try {
      await cache.use(bucket, key, async (archive) => {
        if (archive.sha256 !== sha256) {
          throw new InvalidArchiveError(
            "corrupt",
            `The object '${key}' is not what was built: it was changed.`,
          );
        }
        await trees.make(archive, signal);
      }, signal);
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error;
      throw new DependencyError("failed", `The dependencies '${key}' are gone from the object store.`, {
        advice: "Deploy the bot again, which builds them again.",
        cause: error,
      });
    }
    await cache.drop(sha256);
  }
}
