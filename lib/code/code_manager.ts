/**
 * Turns a key in the object store into a tree with the bot's code.
 *
 * @module
 */

import type { ExtractionPool } from "../archive/extraction_pool.ts";
import { checkProgram } from "../archive/check_program.ts";
import { PROGRAM_HEAD_BYTES } from "../archive/program_head.ts";
import type { CodeCache } from "./code_cache.ts";
import { type CodeTree, findScript } from "./code_tree.ts";
import type { CodeTrees } from "./code_trees.ts";
import { BerthError } from "../errors.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import { type Executable, scriptPath } from "../executable/executable.ts";
import { onDisk } from "../util/files.ts";

/** Options of a {@linkcode CodeManager}. */
export interface CodeManagerOptions {
  /** Archives on disk. */
  readonly cache: CodeCache;
  /** Extracts archives. */
  readonly extractor: ExtractionPool;
  /** Extracted archives. */
  readonly trees: CodeTrees;
  /** Bucket of the archives. */
  readonly bucket: string;
  /** Returns operating system and architecture of the engine, for example `linux/amd64`. */
  readonly platform: (signal?: AbortSignal) => Promise<string>;
}

/** Options of {@linkcode CodeManager.fetchAndExtract}. */
export interface FetchAndExtractOptions {
  /** Called with the hash of the tree before the tree is used, to record a use that outlasts this call. */
  readonly hold?: (sha256: string) => Promise<void>;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** The code of an executable. */
export interface ExtractedCode {
  /** The tree. */
  readonly tree: CodeTree;
  /** Path of the script in the tree; absent if the executable names none. */
  readonly script?: string;
  /** Path of the loader that its program needs in the image. */
  readonly loader?: string;
}

/** Number of attempts: a cleaner of temporary files may remove a tree right after it was extracted. */
const MAX_TRIES = 3;

/** Fetches, checks and extracts the code of executables, once for each archive. */
export class CodeManager {
  readonly #options: CodeManagerOptions;

  /** @param options See {@linkcode CodeManagerOptions}. */
  constructor(options: CodeManagerOptions) {
    this.#options = options;
  }

  /** Starts the extraction workers ahead of the first call. */
  warmUp(): void {
    this.#options.extractor.warmUp();
  }

  /**
   * Fetches, checks and extracts the code of an executable, unless that is already done, and calls a function with it.
   * The tree stays on disk until the function returns, and longer if `hold` has recorded a use.
   *
   * @param executable Names the archive and the script that it must contain.
   * @param use The function.
   * @param options See {@linkcode FetchAndExtractOptions}.
   * @returns The result of the function.
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
      // One that is there and cannot be used is made again.
      const sha256 = known !== undefined && tries === 0 && trees.isThere(known)
        ? known
        : await cache.use(bucket, filePath, async (archive) => {
          await trees.make(archive, signal);
          return archive.sha256;
        }, signal);
      await cache.drop(sha256);
      await hold?.(sha256);
      signal?.throwIfAborted();
      const used = await trees.use(sha256, async (tree) => use(await this.#look(executable, tree, signal)));
      if (used) return used.value;
    }
    throw new BerthError(
      "archive/io",
      `Cannot keep the code of '${executable.id}': it is removed as soon as it is extracted.`,
      { advice: "Check which program cleans up the folder at TEMP_DIR." },
    );
  }

  async #look(executable: Executable, tree: CodeTree, signal?: AbortSignal): Promise<ExtractedCode> {
    const path = scriptPath(executable);
    if (path === undefined) return { tree };
    const script = findScript(tree.manifest, path);
    const { isBinary, advice } = runtimeOf(executable);
    if (!isBinary) return { tree, script };
    const platform = await this.#options.platform(signal);
    const head = await onDisk(`read '${tree.path}'`, () => readHead(`${tree.path}/${script}`));
    const { loader } = checkProgram(script, head, { platform, advice });
    return { tree, script, ...(loader !== undefined && { loader }) };
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const head = new Uint8Array(PROGRAM_HEAD_BYTES);
  let size = 0;
  for (let count: number | null = 0; size < head.length && count !== null; size += count ?? 0) {
    count = await file.read(head.subarray(size));
  }
  return head.subarray(0, size);
}
