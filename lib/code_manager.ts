/**
 * From a key in the object store to a private folder with the bot's code.
 *
 * @module
 */

import type { ArchiveExtractor } from "./archive/archive_extractor.ts";
import type { ArchiveLimits } from "./archive/archive_limits.ts";
import type { CodeCache } from "./code_cache.ts";
import { RESERVED_NAMES } from "./container_layout.ts";
import { type Executable, scriptPath } from "./executable.ts";
import type { FileOwner } from "./file_owner.ts";

/** Options of a {@linkcode CodeManager}. */
export interface CodeManagerOptions {
  /** The archives. */
  readonly cache: CodeCache;
  /** What unpacks them. */
  readonly extractor: ArchiveExtractor;
  /** Bucket of the archives. */
  readonly bucket: string;
  /** What an archive may hold. */
  readonly limits: ArchiveLimits;
}

/** Options of {@linkcode CodeManager.fetchAndExtract}. */
export interface FetchAndExtractOptions {
  /** Who the files belong to; absent: the user that Berth runs as. */
  readonly owner?: FileOwner;
  /** Gives the work up; nothing of it stays. */
  readonly signal?: AbortSignal;
}

/** What was extracted. */
export interface ExtractedCode {
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
  /** Number of files. */
  readonly files: number;
  /** Their size in bytes. */
  readonly bytes: number;
}

/** Fetches, checks and extracts the code of an executable. */
export class CodeManager {
  readonly #options: CodeManagerOptions;

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param options See {@linkcode CodeManagerOptions}.
   */
  constructor(options: CodeManagerOptions) {
    this.#options = options;
  }

  /**
   * Does ahead of {@linkcode fetchAndExtract} what need not be done within it: the archive is on disk then, and the
   * workers are there.
   *
   * @param executable Names the archive.
   * @param signal Gives up waiting.
   * @throws {ObjectNotFoundError} when there is no such archive.
   * @throws {ObjectStoreError} when the store does not answer.
   */
  async prepare({ filePath }: Pick<Executable, "filePath">, signal?: AbortSignal): Promise<void> {
    const { cache, extractor, bucket } = this.#options;
    extractor.warmUp();
    await cache.use(bucket, filePath, () => Promise.resolve(), signal);
  }

  /**
   * Fetches, checks and extracts.
   *
   * @param executable Names the archive and the script that must be in it.
   * @param destination Absolute path of the folder to make. When this fails, nothing of it stays.
   * @param options See {@linkcode FetchAndExtractOptions}.
   * @throws {ObjectNotFoundError} when there is no such archive.
   * @throws {ObjectStoreError} when the store does not answer.
   * @throws {InvalidArchiveError} when the archive is refused; the message names the entry.
   */
  fetchAndExtract(
    executable: Executable,
    destination: string,
    { owner, signal }: FetchAndExtractOptions = {},
  ): Promise<ExtractedCode> {
    const { cache, extractor, bucket, limits } = this.#options;
    return cache.use(bucket, executable.filePath, async ({ path, sha256 }) => {
      const extracted = await extractor.extract({
        archivePath: path,
        destination,
        limits,
        reservedNames: [...RESERVED_NAMES],
        requiredFiles: [scriptPath(executable)],
        ...(owner && { owner }),
      }, { ...(signal && { signal }) });
      return { sha256, ...extracted };
    }, signal);
  }
}
