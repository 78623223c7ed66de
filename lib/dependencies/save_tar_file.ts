/**
 * Saves one file out of a tar stream: the form in which an engine hands out files.
 *
 * @module
 */

import { Readable } from "node:stream";
// @ts-types="@types/tar-stream"
import tar, { type Headers } from "tar-stream";
import { ContainerFileError } from "../errors.ts";
import { onDisk } from "../util/files.ts";

/**
 * Saves the first entry of a tar stream. Nothing else of the stream is read.
 *
 * @param chunks The stream. Closed by its iterator's `return`.
 * @param path Absolute path of the file, which must not exist.
 * @param maxBytes Size of the largest file to save, in bytes.
 * @throws {ContainerFileError} If the entry is no plain file, or too large.
 * @throws {BerthError} If the file cannot be written (`archive/io`).
 * @throws {Error} If it is not a whole tar stream, or with the stream's own error.
 */
export async function saveTarFile(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  maxBytes: number,
): Promise<void> {
  const extract = tar.extract();
  const source = Readable.from(chunks, { objectMode: true });
  try {
    await new Promise<void>((resolve, reject) => {
      source.on("error", reject);
      extract.on("error", reject);
      extract.on(
        "finish",
        () => reject(new ContainerFileError("missing", `There is no file for '${path}'.`)),
      );
      extract.on("entry", (header, entry) => save(header, entry, path, maxBytes).then(resolve, reject));
      source.pipe(extract);
    });
  } finally {
    source.destroy();
    extract.destroy();
  }
}

async function save(
  { type, size = 0 }: Headers,
  entry: AsyncIterable<Uint8Array>,
  path: string,
  maxBytes: number,
): Promise<void> {
  if (type !== "file" && type !== "contiguous-file") {
    throw new ContainerFileError(
      "not-a-file",
      `What belongs to '${path}' is not a regular file but a ${type}.`,
    );
  }
  if (size > maxBytes) {
    const message = `What belongs to '${path}' has ${size} bytes, more than the limit of ${maxBytes}.`;
    throw new ContainerFileError("too-large", message);
  }
  const written = await onDisk(`write '${path}'`, async () => {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    let at = 0;
    // Not a loop over the stream itself: one that ends early would wait forever.
    const pieces = entry[Symbol.asyncIterator]();
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
      for (let done = 0; done < next.value.length;) done += await file.write(next.value.subarray(done));
      at += next.value.length;
    }
    return at;
  });
  if (written !== size) {
    throw new Error(`The tar stream ended after ${written} of ${size} bytes of '${path}'.`);
  }
}
