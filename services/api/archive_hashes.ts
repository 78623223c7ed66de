/**
 * The SHA-256 of stored archives, so that a deployment can note exactly what it deployed.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { ObjectInfo, ObjectStore } from "../../lib/objects/object_store.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { deployedFacts } from "../documents/deployed_facts.ts";
import { field, isObject } from "../documents/document_fields.ts";

/** A stored archive. */
export interface StoredArchive {
  /** The store. */
  readonly store: Pick<ObjectStore, "get" | "stat">;
  /** Bucket of the archive. */
  readonly bucket: string;
  /** Key of the archive. */
  readonly key: string;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/** Number of archives to remember: those that wait for their deployment. */
const MAX_REMEMBERED = 1_000;

/** Remembers the hashes of uploads, so that a deployment need not read the archive again. */
export class ArchiveHashes {
  readonly #known = new LRUCache<string, string>({ max: MAX_REMEMBERED });

  /**
   * Remembers the hash of an archive that was just stored.
   *
   * @param info The object, as the store describes it.
   * @param sha256 Its hash.
   */
  remember(info: ObjectInfo, sha256: string): void {
    this.#known.set(versionOf(info), sha256);
  }

  /**
   * Returns the hash of an archive. Reads it, unless an upload has hashed this version of it.
   *
   * @param archive The archive.
   * @returns SHA-256 in hexadecimal digits.
   * @throws {ObjectNotFoundError} If it is not stored.
   */
  async of({ store, bucket, key, signal }: StoredArchive): Promise<string> {
    const info = await store.stat(bucket, key, { signal });
    const known = info && this.#known.get(versionOf(info));
    if (known !== undefined) return known;
    const hash = createHash("sha256");
    const { body } = await store.get(bucket, key, { signal });
    for await (const chunk of body) hash.update(chunk);
    return hash.digest("hex");
  }
}

function versionOf({ key, etag, size }: ObjectInfo): string {
  return JSON.stringify([key, etag, size]);
}

/**
 * Returns the hash that a document notes of its archive. A stored archive never changes, so it is not read again.
 *
 * @param document The document; `undefined` for none.
 * @param key Key of the archive.
 * @returns `undefined` if the document notes none, or is of another archive.
 */
export function notedArchiveHash(document: BotDocument | undefined, key: string): string | undefined {
  const custom = document && field(document, "custom");
  if (!isObject(custom) || field(custom, "filePath") !== key) return undefined;
  const hash = field(deployedFacts(custom), "archiveSha256");
  return typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
}
