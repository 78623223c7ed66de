/**
 * From an object store to a file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BerthError, messageOf, ObjectStoreError } from "../errors.ts";
import { describeObject } from "../objects/object_name.ts";
import type { ObjectContent } from "../objects/object_store.ts";
import { onDisk } from "../util/files.ts";

/** What was written. */
export interface DownloadedObject {
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly sha256: string;
  /** Its size in bytes. */
  readonly size: number;
}

/**
 * Writes the content of an object into a new file. When this fails, a piece of the file may be left.
 *
 * @param path Path of the file; nothing may be there.
 * @param bucket Bucket of the object, for error texts.
 * @param content The object.
 * @returns What was written.
 * @throws {ObjectStoreError} If the store breaks off.
 * @throws {BerthError} If the file cannot be written (`archive/io`).
 */
export async function downloadObject(
  path: string,
  bucket: string,
  { key, size: expected, body }: ObjectContent,
  signal: AbortSignal,
): Promise<DownloadedObject> {
  const hash = createHash("sha256");
  let size = 0;
  using file = await onDisk(
    `create '${path}'`,
    () => Deno.open(path, { write: true, createNew: true, mode: 0o600 }),
  );
  const what = `Cannot read ${describeObject(bucket, key)}: the store broke off`;
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) =>
      onDisk(`write '${path}'`, async () => {
        hash.update(chunk);
        size += chunk.length;
        // An object that grows is not the one that was announced: nothing of it is of use.
        if (size > expected) {
          throw new ObjectStoreError(`${what} after more than ${expected} bytes. Try again.`);
        }
        for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
      }),
  });
  try {
    await body.pipeTo(sink, { signal });
  } catch (error) {
    if (error instanceof BerthError || signal.aborted) throw error;
    const why = messageOf(error);
    throw new ObjectStoreError(`${what} (${why}). Try again.`, { cause: error });
  }
  if (size === expected) return { sha256: hash.digest("hex"), size };
  throw new ObjectStoreError(`${what} after ${size} of ${expected} bytes. Try again.`);
}
