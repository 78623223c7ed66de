/**
 * Hashes a stored archive, so that a deployment can note exactly what it deployed.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { deployedFacts } from "../documents/deployed_facts.ts";
import { field, isObject } from "../documents/document_fields.ts";

/** A stored archive. */
export interface StoredArchive {
  /** The store. */
  readonly store: Pick<ObjectStore, "get">;
  /** Bucket of the archive. */
  readonly bucket: string;
  /** Key of the archive. */
  readonly key: string;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Reads an archive and hashes it.
 *
 * @param archive The archive.
 * @returns SHA-256 in hexadecimal digits.
 */
export async function storedArchiveHash({ store, bucket, key, signal }: StoredArchive): Promise<string> {
  const hash = createHash("sha256");
  const { body } = await store.get(bucket, key, { signal });
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
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
