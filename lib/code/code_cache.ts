/**
 * Archives on disk: each distinct one is fetched once.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { KnownVersions } from "./known_versions.ts";
import { isDiskFull, onDisk, unlessMissing } from "../util/files.ts";
import { downloadObject } from "./download_object.ts";
import { InvalidArchiveError, messageOf, ObjectNotFoundError, ObjectStoreError } from "../errors.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import type { ObjectContent, ObjectInfo, ObjectStore } from "../objects/object_store.ts";
import { SharedWork } from "../util/shared_work.ts";

/** An archive on disk. */
export interface CachedArchive {
  /** Absolute path of the file. */
  readonly path: string;
  /** SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string;
  /** Its size in bytes. */
  readonly size: number;
}

/** Options of a {@linkcode CodeCache}. */
export interface CodeCacheOptions {
  /** Where the archives come from. */
  readonly store: ObjectStore;
  /** Absolute path of the folder that holds them. */
  readonly folder: string;
  /** How many bytes are kept; the least recently used go first. An archive in use always stays. */
  readonly maxBytes: number;
  /** The largest archive that is fetched, in bytes. */
  readonly maxArchiveBytes: number;
  /** The time, in ms since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

interface Entry {
  readonly path: string;
  readonly sha256: string;
  size: number;
  leases: number;
}

/** How long a store is waited for where its answer is known from before, in ms. */
const PATIENCE_MS = 2_000;

const PARTIAL = ".partial-";

/**
 * A content-addressed cache of archives. What is at a key is asked of the store each time, so that a changed
 * object is seen at once; its content is fetched only when it is not here yet, and once for all who wait for it.
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
  /** A file is put into its place or removed by one at a time: the names are those of contents, not of calls. */
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
   * Calls a function with an archive that stays on disk until the function is done.
   *
   * @param bucket Bucket of the object.
   * @param key Key of the object.
   * @param use The function.
   * @param signal Gives up waiting; a fetch that others wait for goes on.
   * @returns What the function returns.
   * @throws {ObjectNotFoundError} If there is no such object.
   * @throws {ObjectStoreError} If the store does not answer, or breaks off.
   * @throws {InvalidArchiveError} If the object is too large, or the function has refused this version of it before.
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
        // Another script may be asked for later.
        if (error instanceof InvalidArchiveError && error.problem !== "missing-script") {
          this.#known.refuseContent(entry.sha256, error);
        }
        throw error;
      } finally {
        entry.leases--;
        await this.#evict(this.#maxBytes);
      }
    } catch (error) {
      // Archives that nobody uses must not be what fills the disk: the next try has their room.
      if (isDiskFull(error)) await this.#evict(0);
      throw error;
    }
  }

  /**
   * The hash of what is at a key, without fetching it. A store that does not answer is not waited for where it has
   * answered before: code that was fetched can be run without it.
   *
   * @param bucket Bucket of the object.
   * @param key Key of the object.
   * @param signal Gives up waiting.
   * @returns SHA-256 in hexadecimal digits; `undefined` when it is not known without fetching.
   * @throws {ObjectNotFoundError} If there is no such object.
   * @throws {ObjectStoreError} If the store does not answer, and has not before.
   * @throws {InvalidArchiveError} If this version was refused before.
   */
  async hash(bucket: string, key: string, signal?: AbortSignal): Promise<string | undefined> {
    await this.#adopt();
    const latest = this.#known.latestAt(bucket, key);
    if (latest === undefined) return undefined;
    const patience = AbortSignal.timeout(PATIENCE_MS);
    try {
      const info = await this.#look(bucket, key, signal ? AbortSignal.any([signal, patience]) : patience);
      return this.#known.hashOf(bucket, info);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ObjectStoreError) && !patience.aborted) throw error;
      this.#log.warn("the object store does not answer; code that was fetched before is used", {
        bucket,
        key,
        problem: messageOf(error),
      });
      return latest;
    }
  }

  /** Removes an archive that is of no use any more, unless somebody uses it. @param sha256 Its hash. */
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
      // Between its fetch and this line another caller may have evicted it.
      if (!entry) continue;
      entry.leases++;
      if (await this.#touch(entry)) return entry;
      entry.leases--;
      this.#forget(entry);
    }
  }

  /** SHA-256 of what is at a key, which is on disk then. */
  async #find(bucket: string, key: string, signal?: AbortSignal): Promise<string> {
    const info = await this.#look(bucket, key, signal);
    this.#requireRoom(bucket, info);
    const known = this.#known.hashOf(bucket, info);
    if (known !== undefined && this.#entries.has(known)) return known;
    const version = JSON.stringify([bucket, key, info.etag, info.size]);
    return await this.#fetches.run(version, (signal) => this.#fetch(bucket, key, signal), signal);
  }

  async #look(bucket: string, key: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const info = await this.#store.stat(bucket, key, { signal });
    if (!info) throw new ObjectNotFoundError(bucket, key);
    const refusal = this.#known.refusalOf(bucket, info);
    if (refusal) throw refusal;
    return info;
  }

  async #fetch(bucket: string, key: string, signal: AbortSignal): Promise<string> {
    const content = await this.#store.get(bucket, key, { signal });
    try {
      // The version that came need not be the one that was asked for.
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
      // What cleans up the folder of temporary files may have taken this one too.
      await onDisk(
        `create '${this.#folder}'`,
        () => Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 }),
      );
      const { sha256, size } = await downloadObject(partial, bucket, content, signal);
      await this.#files.run(this.#folder, async () => {
        const path = `${this.#folder}/${sha256}.zip`;
        // Also over a file that is there: one that an earlier process left may be damaged, this one is whole.
        await onDisk(`write '${path}'`, () => Deno.rename(partial, path));
        const entry = this.#entries.get(sha256) ?? { path, sha256, size, leases: 0 };
        entry.size = size;
        this.#entries.set(sha256, entry);
      });
      return sha256;
    } catch (error) {
      // Also when it failed before it read anything.
      await content.body.cancel().catch(() => {});
      await Deno.remove(partial).catch(() => {});
      throw error;
    }
  }

  /** Notes the use of an archive; false when its file is not there any more, or not whole. */
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

  /** Takes over what an earlier process left: whole archives, least recently used first; pieces are removed. */
  async #readFolder(): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#known.read();
    const found: (Entry & { readonly time: number })[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      const path = `${this.#folder}/${name}`;
      const sha256 = /^([0-9a-f]{64})\.zip$/.exec(name)?.[1];
      if (sha256) {
        const { size, mtime } = await Deno.lstat(path);
        found.push({ path, sha256, size, leases: 0, time: mtime?.getTime() ?? 0 });
      } else if (name.startsWith(PARTIAL)) await Deno.remove(path);
    }
    for (const { time: _time, ...entry } of found.sort((a, b) => a.time - b.time)) {
      this.#entries.set(entry.sha256, entry);
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
