/**
 * From a key in the object store to a tree with the bot's code.
 *
 * @module
 */

import type { ArchiveExtractor } from "../archive/archive_extractor.ts";
import type { CodeCache } from "./code_cache.ts";
import { type CodeTree, findScript } from "./code_tree.ts";
import type { CodeTrees } from "./code_trees.ts";
import { BerthError } from "../errors.ts";
import { type Executable, scriptPath } from "../executable/executable.ts";

/** Options of a {@linkcode CodeManager}. */
export interface CodeManagerOptions {
  /** The archives. */
  readonly cache: CodeCache;
  /** What unpacks them. */
  readonly extractor: ArchiveExtractor;
  /** What was unpacked. */
  readonly trees: CodeTrees;
  /** Bucket of the archives. */
  readonly bucket: string;
}

/** Options of {@linkcode CodeManager.fetchAndExtract}. */
export interface FetchAndExtractOptions {
  /** Called with the hash of the tree before it is looked at: notes what makes it stay, beyond this call. */
  readonly hold?: (sha256: string) => Promise<void>;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** The code of an executable. */
export interface ExtractedCode {
  /** The tree. */
  readonly tree: CodeTree;
  /** Path of the script, as the tree has it. */
  readonly script: string;
}

/** A cleaner may remove a tree while it is looked for, but hardly so often. */
const MAX_TRIES = 3;

/** Fetches, checks and extracts the code of an executable, once for each archive. */
export class CodeManager {
  readonly #options: CodeManagerOptions;

  /** @param options See {@linkcode CodeManagerOptions}. */
  constructor(options: CodeManagerOptions) {
    this.#options = options;
  }

  /** Starts ahead of the first call what it needs. */
  warmUp(): void {
    this.#options.extractor.warmUp();
  }

  /**
   * Fetches, checks and extracts, as far as that was not done before, and calls a function with the result. The tree
   * stays until the function is done, and beyond that for as long as what `hold` has noted.
   *
   * @param executable Names the archive and the script that must be in it.
   * @param use The function.
   * @param options See {@linkcode FetchAndExtractOptions}.
   * @returns What the function returns.
   * @throws {ObjectNotFoundError} If there is no such archive.
   * @throws {ObjectStoreError} If the store does not answer.
   * @throws {InvalidArchiveError} If the archive is refused; the message names the entry.
   * @throws {BerthError} If the code cannot be written (`archive/io`).
   */
  async fetchAndExtract<T>(
    executable: Executable,
    use: (code: ExtractedCode) => Promise<T>,
    { hold, signal }: FetchAndExtractOptions = {},
  ): Promise<T> {
    const { cache, trees, bucket } = this.#options;
    const { filePath } = executable;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const known = await cache.hash(bucket, filePath, signal);
      const sha256 = known !== undefined && await trees.isThere(known)
        ? known
        : await cache.use(bucket, filePath, async (archive) => {
          await trees.make(archive, signal);
          return archive.sha256;
        }, signal);
      await cache.drop(sha256);
      await hold?.(sha256);
      signal?.throwIfAborted();
      const used = await trees.use(sha256, (tree) => {
        const script = findScript(tree.manifest, scriptPath(executable));
        return use({ tree, script });
      });
      if (used) return used.value;
    }
    throw new BerthError(
      "archive/io",
      `The code of '${executable.id}' is removed as soon as it is extracted.`,
    );
  }
}
