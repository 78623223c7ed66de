/**
 * Caches archives on disk: fetches each distinct one once.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { AnswerLimit } from "../util/answer_limit.ts";
import { KnownVersions } from "./known_versions.ts";
import { type CachedArchive, listArchives, PARTIAL } from "./list_archives.ts";
import { isDiskFull, onDisk, unlessMissing } from "../util/files.ts";
import { downloadObject } from "./download_object.ts";
import { InvalidArchiveError, messageOf, ObjectNotFoundError, ObjectStoreError } from "../errors.ts";
import { systemClock } from "../util/clock.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import type { ObjectContent, ObjectInfo, ObjectStore } from "../objects/object_store.ts";
import { SharedWork } from "../util/shared_work.ts";

/** Options of a {@linkcode CodeCache}. */
export interface CodeCacheOptions {
  /** Holds the archives. */
  readonly store: ObjectStore;
  /** Absolute path of the folder for the files. */
  readonly folder: string;
  /** Size of the archives to keep, in bytes; the least recently used are removed first. One in use always stays. */
  readonly maxBytes: number;
  /** Size of the largest archive to fetch, in bytes. */
  readonly maxArchiveBytes: number;
  /** Clock, in ms since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

interface Entry {
  readonly path: string;
  readonly sha256: string;
  size: number;
  leases: number;
}

/** How long to wait for the object store if an earlier answer will do, in ms. */
const STALE_AFTER_MS = 2_000;
/** The same, in ms, shortly after it did not answer: a bot that crashed is off the market meanwhile. */
const OUTAGE_STALE_AFTER_MS = 500;

/**
 * A content-addressed cache of archives. Each use asks the store for the version at the key, so that a changed object
 * is noticed at once, and fetches the content only if it is not on disk. Concurrent uses share one fetch.
 */
export class CodeCache {
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #maxArchiveBytes: number;
  readonly #clock: () => number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #known: KnownVersions;
  readonly #fetches = new SharedWork<string>();
  readonly #limit = new AnswerLimit({
    limitMs: STALE_AFTER_MS,
    outageLimitMs: OUTAGE_STALE_AFTER_MS,
    clock: systemClock,
  });
  /** Serializes moves and removals of files, which are named by content and so shared by calls. */
  readonly #files = new KeyedMutex();
  readonly #log = getLogger(["berth", "runner"]);
  #adopted?: Promise<void>;

  /** @param options See {@linkcode CodeCacheOptions}. */
  constructor({ store, folder, maxBytes, maxArchiveBytes, clock }: CodeCacheOptions) {
    this.#store = store;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#maxArchiveBytes = maxArchiveBytes;
    this.#known = new KnownVersions(`${folder}/versions.json`);
    this.#clock = clock ?? Date.now;
  }

  /**
   * Calls a function with an archive that stays on disk until the function returns.
   *
   * @param bucket Bucket of the object.
   * @param key Key of the object.
   * @param use The function.
   * @param signal Cancels the wait; a fetch that other calls wait for continues.
   * @returns The result of the function.
   * @throws {ObjectNotFoundError} If there is no such object.
   * @throws {ObjectStoreError} If the store does not answer, or breaks off.
   * @throws {InvalidArchiveError} If the object is too large, or the function refused this version before.
   * @throws {BerthError} If the archive cannot be written to the folder (`archive/io`).
   */
  async use<T>(
    bucket: string,
    key: string,
    use: (archive: CachedArchive) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      await this.#adopt();
      const entry = await this.#lease(bucket, key, signal);
      try {
        signal?.throwIfAborted();
        const { path, sha256, size } = entry;
        return await use({ path, sha256, size });
      } catch (error) {
        // A missing script does not make the archive invalid: a later call may need another script.
        if (error instanceof InvalidArchiveError && error.problem !== "missing-script") {
          this.#known.refuseContent(entry.sha256, error);
        }
        throw error;
      } finally {
        entry.leases--;
        await this.#evict(this.#maxBytes);
      }
    } catch (error) {
      // Unused archives must not keep the disk full: removing them makes room for the next attempt.
      if (isDiskFull(error)) await this.#evict(0);
      throw error;
    }
  }

  /**
   * Returns the hash of the object at a key without fetching it. If the store does not answer soon, returns the last
   * known hash, so that code on disk can start without the store.
   *
   * @param bucket Bucket of the object.
   * @param key Key of the object.
   * @param signal Cancels the wait.
   * @returns SHA-256 in hexadecimal digits; `undefined` if only a fetch can tell.
   * @throws {ObjectNotFoundError} If there is no such object.
   * @throws {ObjectStoreError} If the store does not answer and no hash is known.
   * @throws {InvalidArchiveError} If this version was refused before.
   */
  async hash(bucket: string, key: string, signal?: AbortSignal): Promise<string | undefined> {
    await this.#adopt();
    const latest = this.#known.latestAt(bucket, key);
    if (latest === undefined) return undefined;
    const limit = this.#limit.begin();
    try {
      const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
      const info = await this.#stat(bucket, key, either);
      return this.#known.hashOf(bucket, info);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ObjectStoreError) && !limit.signal.aborted) throw error;
      limit.miss();
      this.#log.warn("object store does not answer: using code fetched earlier", {
        bucket,
        key,
        problem: messageOf(error),
      });
      return latest;
    }
  }

  /** Removes an archive that is no longer needed, unless it is in use. @param sha256 Its hash. */
  async drop(sha256: string): Promise<void> {
    await this.#files.run(this.#folder, async () => {
      const entry = this.#entries.get(sha256);
      if (!entry || entry.leases > 0) return;
      this.#forget(entry);
      await Deno.remove(entry.path).catch(() => {});
    });
  }

  async #lease(bucket: string, key: string, signal?: AbortSignal): Promise<Entry> {
    while (true) {
      const entry = this.#entries.get(await this.#find(bucket, key, signal));
      // Another call may have evicted it since its fetch.
      if (!entry) continue;
      entry.leases++;
      if (await this.#touch(entry)) return entry;
      entry.leases--;
      this.#forget(entry);
    }
  }

  /** Makes sure that the object at a key is on disk, and returns its SHA-256. */
  async #find(bucket: string, key: string, signal?: AbortSignal): Promise<string> {
    const info = await this.#stat(bucket, key, signal);
    this.#requireRoom(bucket, info);
    const known = this.#known.hashOf(bucket, info);
    if (known !== undefined && this.#entries.has(known)) return known;
    const version = JSON.stringify([bucket, key, info.etag, info.size]);
    return await this.#fetches.run(version, (signal) => this.#fetch(bucket, key, signal), signal);
  }

  async #stat(bucket: string, key: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const info = await this.#store.stat(bucket, key, { signal });
    if (!info) throw new ObjectNotFoundError(bucket, key);
    const refusal = this.#known.refusalOf(bucket, info);
    if (refusal) throw refusal;
    return info;
  }

  async #fetch(bucket: string, key: string, signal: AbortSignal): Promise<string> {
    const content = await this.#store.get(bucket, key, { signal });
    try {
      // The object may have changed since it was looked up.
      this.#requireRoom(bucket, content);
    } catch (error) {
      await content.body.cancel().catch(() => {});
      throw error;
    }
    const sha256 = await this.#download(bucket, content, signal);
    await this.#known.add(bucket, content, sha256);
    return sha256;
  }

  #requireRoom(bucket: string, info: ObjectInfo): void {
    const { key, size } = info;
    if (size <= this.#maxArchiveBytes) return;
    const error = new InvalidArchiveError(
      "too-large",
      `The archive '${key}' has ${size} bytes, more than the ${this.#maxArchiveBytes} that an archive may have. ` +
        "Leave out what the bot does not need, or set ARCHIVE_MAX_TOTAL_MB.",
    );
    this.#known.refuse(bucket, info, error);
    throw error;
  }

  async #download(bucket: string, content: ObjectContent, signal: AbortSignal): Promise<string> {
    const partial = `${this.#folder}/${PARTIAL}${crypto.randomUUID()}`;
    try {
      // A cleaner of temporary files may have removed the folder.
      await onDisk(
        `create '${this.#folder}'`,
        () => Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 }),
      );
      const { sha256, size } = await downloadObject(partial, bucket, content, signal);
      await this.#files.run(this.#folder, async () => {
        const path = `${this.#folder}/${sha256}.zip`;
        // Replaces an existing file: one from an earlier process may be damaged, this one is whole.
        await onDisk(`write '${path}'`, () => Deno.rename(partial, path));
        const entry = this.#entries.get(sha256) ?? { path, sha256, size, leases: 0 };
        entry.size = size;
        this.#entries.set(sha256, entry);
      });
      return sha256;
    } catch (error) {
      // Needed if the download failed before it read anything.
      await content.body.cancel().catch(() => {});
      await Deno.remove(partial).catch(() => {});
      throw error;
    }
  }

  /** Marks an archive as recently used; returns false if its file is missing or incomplete. */
  async #touch(entry: Entry): Promise<boolean> {
    const { path, sha256, size } = entry;
    return await onDisk(`read '${path}'`, async () => {
      const found = await unlessMissing(Deno.lstat(path));
      if (!found?.isFile || found.size !== size) return false;
      const now = new Date(this.#clock());
      await unlessMissing(Deno.utime(path, now, now));
      if (this.#entries.get(sha256) === entry) {
        this.#entries.delete(sha256);
        this.#entries.set(sha256, entry);
      }
      return true;
    });
  }

  #adopt(): Promise<void> {
    return this.#adopted ??= onDisk(`read '${this.#folder}'`, () => this.#readFolder()).catch((error) => {
      this.#adopted = undefined;
      throw error;
    });
  }

  /** Takes over the archives of an earlier process. */
  async #readFolder(): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#known.read();
    for (const archive of await listArchives(this.#folder)) {
      this.#entries.set(archive.sha256, { ...archive, leases: 0 });
    }
  }

  #evict(maxBytes: number): Promise<void> {
    return this.#files.run(this.#folder, async () => {
      let total = 0;
      for (const { size } of this.#entries.values()) total += size;
      for (const entry of [...this.#entries.values()]) {
        if (total <= maxBytes) return;
        if (entry.leases > 0) continue;
        this.#forget(entry);
        total -= entry.size;
        await Deno.remove(entry.path).catch(() => {});
      }
    });
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.sha256) !== entry) return;
    this.#entries.delete(entry.sha256);
  }
}
