/**
 * Keeps builds in the object store, named by everything that decides their content.
 *
 * @module
 */

import { ObjectNotFoundError } from "../errors.ts";
import { type BuiltArchive, DEPENDENCIES_PREFIX } from "../executable/code_dependencies.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** The kind of content: libraries, translated scripts, or locks. */
export type DependencyKind = "libraries" | "scripts" | "locks";

/**
 * Finds and adds built archives and locks. Archives are named by key and content, so that none is ever replaced: a
 * second build of the same key may differ in its bytes, and documents name the first.
 */
export class DependencyStore {
  readonly #store: ObjectStore;
  readonly #bucket: string;

  /** @param store The object store. @param bucket Bucket of the code. */
  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /**
   * Finds an archive.
   *
   * @param kind Its kind.
   * @param key Its key, see `librariesKey()`.
   * @returns `undefined` if it was not built, or has been removed.
   */
  async find(kind: DependencyKind, key: string, signal?: AbortSignal): Promise<BuiltArchive | undefined> {
    const text = await this.#read(`${folderOf(kind)}${key}.json`, signal);
    const sha256 = text === undefined ? undefined : hashIn(text);
    if (sha256 === undefined) return undefined;
    const built = { key: archiveKey(kind, key, sha256), sha256 };
    return await this.#store.stat(this.#bucket, built.key, { ...(signal && { signal }) }) && built;
  }

  /**
   * Adds an archive. It can be found once it is stored completely.
   *
   * @param kind Its kind.
   * @param key Its key.
   * @param file Path and SHA-256 of the archive.
   */
  async add(
    kind: DependencyKind,
    key: string,
    { path, sha256 }: { readonly path: string; readonly sha256: string },
    signal?: AbortSignal,
  ): Promise<BuiltArchive> {
    const options = signal ? { signal } : {};
    const built = { key: archiveKey(kind, key, sha256), sha256 };
    await this.#store.ensureBucket(this.#bucket, options);
    await this.#store.putFile(this.#bucket, built.key, path, { ...options, contentType: "application/zip" });
    await this.#write(`${folderOf(kind)}${key}.json`, JSON.stringify({ sha256 }), signal);
    return built;
  }

  /** Finds a lock. @param key See `lockKey()`. @returns `undefined` if there is none. */
  findLock(key: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#read(`${folderOf("locks")}${key}.lock`, signal);
  }

  /** Adds a lock. @param key See `lockKey()`. @param text The lock. */
  async addLock(key: string, text: string, signal?: AbortSignal): Promise<void> {
    await this.#store.ensureBucket(this.#bucket, signal ? { signal } : {});
    await this.#write(`${folderOf("locks")}${key}.lock`, text, signal);
  }

  async #write(key: string, text: string, signal?: AbortSignal): Promise<void> {
    await this.#store.put(this.#bucket, key, new TextEncoder().encode(text), {
      contentType: "application/json",
      ...(signal && { signal }),
    });
  }

  async #read(key: string, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const { body } = await this.#store.get(this.#bucket, key, signal ? { signal } : {});
      return await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text();
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    }
  }
}

function folderOf(kind: DependencyKind): string {
  return `${DEPENDENCIES_PREFIX}${kind}/`;
}

function archiveKey(kind: DependencyKind, key: string, sha256: string): string {
  return `${folderOf(kind)}${key}/${sha256}.zip`;
}

function hashIn(text: string): string | undefined {
  try {
    const { sha256 } = JSON.parse(text) as { sha256?: unknown };
    return typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined;
  } catch {
    return undefined;
  }
}
