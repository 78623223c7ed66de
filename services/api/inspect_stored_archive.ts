/**
 * Checks the list of entries of a stored archive, and reads only that part of it.
 *
 * @module
 */

import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import {
  type ArchiveSource,
  inspectArchive,
  type InspectedArchive,
} from "../../lib/archive/inspect_archive.ts";
import { findZipEnd, ZIP_TAIL_BYTES } from "../../lib/archive/zip_end.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { ApiProblem } from "./api_problem.ts";

/** Longest list of entries with the records after it, in bytes. */
const MAX_END_BYTES = 65 * 1024 ** 2;

/** An archive and what it must meet. */
export interface StoredArchiveRules {
  /** The store. */
  readonly store: Pick<ObjectStore, "get" | "stat">;
  /** Bucket of the archive. */
  readonly bucket: string;
  /** Key of the archive. */
  readonly key: string;
  /** Limits of a start. */
  readonly limits: ArchiveLimits;
  /** Scripts that it must contain. */
  readonly scripts: readonly string[];
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Checks that an archive is stored, lies within the limits, and contains the scripts. Checksums are not read.
 *
 * @param rules The archive.
 * @returns Its list of entries.
 * @throws {ApiProblem} 409 if it is not stored.
 * @throws {InvalidArchiveError} If a start would refuse it.
 */
export async function inspectStoredArchive(rules: StoredArchiveRules): Promise<InspectedArchive> {
  const { store, bucket, key, limits, scripts, signal } = rules;
  const info = await store.stat(bucket, key, { signal });
  if (!info) {
    throw new ApiProblem(409, "deployment/code-missing", `The archive '${key}' is not stored.`, {
      advice: "Upload it, then deploy again.",
    });
  }
  const { size } = info;
  const tailStart = Math.max(0, size - ZIP_TAIL_BYTES);
  const tail = await readFrom(rules, tailStart);
  const head = tailStart === 0 ? tail.subarray(0, 4) : await readFrom(rules, 0, 4);
  const { directoryOffset } = findZipEnd(tail, size, head);
  // A list of entries that is too long is refused by its size alone.
  const isWithin = directoryOffset >= tailStart || size - directoryOffset > MAX_END_BYTES;
  const start = isWithin ? tailStart : directoryOffset;
  const end = isWithin ? tail : await readFrom(rules, directoryOffset);
  const source: ArchiveSource = {
    size,
    read: (position, length) =>
      position < start
        ? head.subarray(position, position + length)
        : end.subarray(position - start, position - start + length),
  };
  return inspectArchive(source, { limits, requiredFiles: scripts });
}

async function readFrom(
  { store, bucket, key, signal }: StoredArchiveRules,
  offset: number,
  length = Infinity,
): Promise<Uint8Array> {
  const { body } = await store.get(bucket, key, { offset, signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body) {
    chunks.push(chunk);
    if ((size += chunk.length) >= length) break;
  }
  const bytes = new Uint8Array(size);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return bytes;
}
