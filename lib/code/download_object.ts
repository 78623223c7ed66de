/**
 * Downloads an object into a file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BerthError, messageOf, ObjectStoreError } from "../errors.ts";
import { describeObject } from "../objects/object_name.ts";
import type { ObjectContent } from "../objects/object_store.ts";
import { onDisk } from "../util/files.ts";

/** A file that was written. */
export interface DownloadedObject {
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly sha256: string;
  /** Size in bytes. */
  readonly size: number;
}

/**
 * Writes the content of an object into a new file. A failure may leave a part of the file.
 *
 * @param path Path of the file, which must not exist.
 * @param bucket Bucket of the object, for error messages.
 * @param content The object.
 * @returns Hash and size of the file.
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
        // An object that grows is not the announced version, so its content is useless.
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
