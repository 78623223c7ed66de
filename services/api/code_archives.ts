/**
 * The archives of bots and schedules in the code bucket.
 *
 * @module
 */

import { maxArchiveBytes } from "../../lib/archive/archive_limits.ts";
import { downloadObject } from "../../lib/code/download_object.ts";
import { InvalidArchiveError } from "../../lib/errors.ts";
import type { ObjectInfo } from "../../lib/objects/object_store.ts";
import { UploadFolder } from "../../lib/util/upload_folder.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import {
  archiveKey,
  type ArchiveName,
  archivePrefix,
  buildOf,
  parseArchiveKey,
} from "../documents/archive_key.ts";
import type { StoredCode } from "../contract/code.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { ArchiveHashes } from "./archive_hashes.ts";
import { receiveArchive, type ReceiveArchiveOptions } from "./receive_archive.ts";

/** The API's parts that the archives need. */
export interface CodeArchivesParts extends Pick<ApiParts, "store" | "archives" | "settings" | "clock"> {
  /** Takes the hash of each archive that is stored. */
  readonly hashes: ArchiveHashes;
}

/** Stores and finds archives. An archive is immutable. */
export class CodeArchives {
  readonly #parts: CodeArchivesParts;
  readonly #uploads: UploadFolder;
  readonly #turns = new KeyedMutex();

  /** @param parts The dependencies of the API. */
  constructor(parts: CodeArchivesParts) {
    this.#parts = parts;
    this.#uploads = new UploadFolder(parts.settings.uploadFolder, () => parts.clock.now());
  }

  /**
   * Receives, checks and stores an archive. Nothing of it is kept if it is refused or incomplete.
   *
   * @param id Id of the bot or the schedule.
   * @param version Version of the code.
   * @param options The body.
   * @param signal Cancels the call.
   * @returns The archive, and whether it is new.
   * @throws {ApiProblem} 409 if another content has its key.
   * @throws {InvalidArchiveError} If a start would refuse it.
   */
  async add(
    id: string,
    version: string,
    options: Omit<ReceiveArchiveOptions, "maxBytes">,
    signal: AbortSignal,
  ): Promise<{ readonly code: StoredCode; readonly isNew: boolean }> {
    const { store, hashes, settings: { archiveLimits, buckets } } = this.#parts;
    await this.#uploads.open();
    const path = this.#uploads.newPath();
    try {
      await receiveArchive(path, { ...options, maxBytes: maxArchiveBytes(archiveLimits) });
      const contentHash = await this.#check(path, signal);
      const name = { version, build: buildOf(contentHash) };
      const key = archiveKey(id, name);
      return await this.#turns.run(key, async () => {
        const known = await store.stat(buckets.code, key, { signal });
        if (known && await this.#isSame(known, contentHash, signal)) {
          return { code: toStoredCode(id, name, known), isNew: false };
        }
        await store.ensureBucket(buckets.code, { signal });
        const info = await store.putFile(buckets.code, key, path, { signal, contentType: "application/zip" });
        hashes.remember(info, options.sha256);
        return { code: toStoredCode(id, name, info), isNew: true };
      });
    } finally {
      await Deno.remove(path).catch(() => {});
    }
  }

  /**
   * Finds an archive.
   *
   * @param id Id of the bot or the schedule.
   * @param name Version and build.
   * @param signal Cancels the call.
   * @returns The archive; `undefined` if it is not stored.
   */
  async find(id: string, name: ArchiveName, signal: AbortSignal): Promise<StoredCode | undefined> {
    const { store, settings: { buckets } } = this.#parts;
    const info = await store.stat(buckets.code, archiveKey(id, name), { signal });
    return info && toStoredCode(id, name, info);
  }

  /**
   * Lists the archives of a bot or a schedule.
   *
   * @param id Its id.
   * @param signal Cancels the call.
   * @returns The archives, the newest first.
   */
  async list(id: string, signal: AbortSignal): Promise<StoredCode[]> {
    const { store, settings: { buckets } } = this.#parts;
    await store.ensureBucket(buckets.code, { signal });
    const found: StoredCode[] = [];
    for await (const info of store.list(buckets.code, archivePrefix(id), { signal })) {
      const name = parseArchiveKey(info.key);
      if (name) found.push(toStoredCode(id, name, info));
    }
    return found.sort((a, b) => (a.storedAt < b.storedAt ? 1 : a.storedAt > b.storedAt ? -1 : 0));
  }

  async #check(archivePath: string, signal: AbortSignal): Promise<string> {
    const { archives, settings: { archiveLimits: limits } } = this.#parts;
    return (await archives.check({ archivePath, limits }, { signal })).contentHash;
  }

  /**
   * Whether a stored archive has a content, however it is packed.
   *
   * @returns False if it is damaged, so that it may be replaced.
   * @throws {ApiProblem} 409 if it has another content.
   */
  async #isSame(known: ObjectInfo, contentHash: string, signal: AbortSignal): Promise<boolean> {
    const { store, settings: { buckets } } = this.#parts;
    const path = this.#uploads.newPath();
    try {
      await downloadObject(path, buckets.code, await store.get(buckets.code, known.key, { signal }), signal);
      if (await this.#check(path, signal) === contentHash) return true;
    } catch (error) {
      if (error instanceof InvalidArchiveError) return false;
      throw error;
    } finally {
      await Deno.remove(path).catch(() => {});
    }
    throw new ApiProblem(409, "code/exists", `Another content is stored as '${known.key}'.`, {
      advice: "Give the code another version: a stored archive never changes.",
    });
  }
}

function toStoredCode(id: string, { version, build }: ArchiveName, info: ObjectInfo): StoredCode {
  return {
    id,
    version,
    build,
    filePath: info.key,
    size: info.size,
    storedAt: info.lastModified.toISOString(),
  };
}
