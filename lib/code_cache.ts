/**
 * Archives on disk: each distinct one is fetched once.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ObjectContent, ObjectStore } from "./object_store.ts";
import { ObjectNotFoundError } from "./errors.ts";

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
}

interface Entry extends CachedArchive {
  leases: number;
}

const PARTIAL = ".partial-";

/**
 * A content-addressed cache of archives. What is at a key is asked of the store each time, so that a changed
 * object is seen at once; its content is fetched only when it is not here yet, and by one caller at a time.
 */
export class CodeCache {
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #hashOf = new Map<string, string>();
  readonly #fetching = new Map<string, Promise<Entry>>();
  #opened?: Promise<void>;

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param options See {@linkcode CodeCacheOptions}.
   */
  constructor({ store, folder, maxBytes }: CodeCacheOptions) {
    this.#store = store;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /**
   * Calls a function with an archive that stays on disk until the function is done.
   *
   * @param bucket Bucket of the object.
   * @param key Key of the object.
   * @param use The function.
   * @param signal Gives up waiting; a fetch that others wait for goes on.
   * @returns What the function returns.
   * @throws {ObjectNotFoundError} when there is no such object.
   * @throws {ObjectStoreError} when the store does not answer.
   */
  async use<T>(
    bucket: string,
    key: string,
    use: (archive: CachedArchive) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    await (this.#opened ??= this.#open());
    let entry = await this.#find(bucket, key, signal);
    // Between its fetch and this line another caller may have evicted it.
    while (this.#entries.get(entry.sha256) !== entry) entry = await this.#find(bucket, key, signal);
    entry.leases++;
    this.#entries.delete(entry.sha256);
    this.#entries.set(entry.sha256, entry);
    try {
      signal?.throwIfAborted();
      return await use(entry);
    } finally {
      entry.leases--;
      await this.#evict();
    }
  }

  async #find(bucket: string, key: string, signal?: AbortSignal): Promise<Entry> {
    const info = await this.#store.stat(bucket, key, { signal });
    if (!info) throw new ObjectNotFoundError(bucket, key);
    const version = JSON.stringify([bucket, key, info.etag, info.size]);
    const known = this.#entries.get(this.#hashOf.get(version) ?? "");
    if (known) return known;
    const fetching = this.#fetching.get(version) ?? this.#fetch(bucket, key, version);
    return await abortable(fetching, signal);
  }

  #fetch(bucket: string, key: string, version: string): Promise<Entry> {
    const fetching = (async () => {
      const entry = await this.#download(await this.#store.get(bucket, key));
      this.#hashOf.set(version, entry.sha256);
      return entry;
    })().finally(() => this.#fetching.delete(version));
    this.#fetching.set(version, fetching);
    return fetching;
  }

  async #download({ body }: ObjectContent): Promise<Entry> {
    const partial = `${this.#folder}/${PARTIAL}${crypto.randomUUID()}`;
    const hash = createHash("sha256");
    let size = 0;
    try {
      const file = await Deno.open(partial, { write: true, createNew: true, mode: 0o600 });
      const counted = body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            hash.update(chunk);
            size += chunk.length;
            controller.enqueue(chunk);
          },
        }),
      );
      await counted.pipeTo(file.writable);
      const sha256 = hash.digest("hex");
      const path = `${this.#folder}/${sha256}.zip`;
      // Also over a file that is there: one that an earlier process left may be damaged, this one is whole.
      await Deno.rename(partial, path);
      const entry = this.#entries.get(sha256) ?? { path, sha256, size, leases: 0 };
      this.#entries.set(sha256, entry);
      return entry;
    } catch (error) {
      await Deno.remove(partial).catch(() => {});
      throw error;
    }
  }

  /** Takes over what an earlier process left: whole archives, least recently used first; pieces are removed. */
  async #open(): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const found: (Entry & { readonly time: number })[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      const path = `${this.#folder}/${name}`;
      const sha256 = /^([0-9a-f]{64})\.zip$/.exec(name)?.[1];
      if (sha256) {
        const { size, mtime } = await Deno.stat(path);
        found.push({ path, sha256, size, leases: 0, time: mtime?.getTime() ?? 0 });
      } else if (name.startsWith(PARTIAL)) await Deno.remove(path);
    }
    found.sort((a, b) => a.time - b.time).forEach((entry) => this.#entries.set(entry.sha256, entry));
  }

  async #evict(): Promise<void> {
    let total = 0;
    for (const { size } of this.#entries.values()) total += size;
    for (const entry of [...this.#entries.values()]) {
      if (total <= this.#maxBytes) return;
      if (entry.leases > 0) continue;
      this.#entries.delete(entry.sha256);
      for (const [version, sha256] of this.#hashOf) if (sha256 === entry.sha256) this.#hashOf.delete(version);
      total -= entry.size;
      await Deno.remove(entry.path).catch(() => {});
    }
  }
}

function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
