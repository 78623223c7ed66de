/**
 * Saves one file out of a tar stream: the form in which an engine hands out files.
 *
 * @module
 */

// @ts-types="@types/tar-stream"
import type { Headers } from "tar-stream";
import { ContainerFileError } from "../errors.ts";
import { onDisk } from "../util/files.ts";
import { readTar } from "../util/read_tar.ts";

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
  let isSaved = false;
  await readTar(chunks, async (header, content) => {
    await save(header, content, path, maxBytes);
    isSaved = true;
    return "stop";
  });
  if (!isSaved) throw new ContainerFileError("missing", `There is no file for '${path}'.`);
}

async function save(
  { type, size = 0 }: Headers,
  content: AsyncIterable<Uint8Array>,
  path: string,
  maxBytes: number,
): Promise<void> {
  if (type !== "file" && type !== "contiguous-file") {
    throw new ContainerFileError(
      "not-a-file",
      `'${path}' is not a regular file but a ${type}.`,
    );
  }
  if (size > maxBytes) {
    const message = `'${path}' has ${size} bytes, more than the limit of ${maxBytes}.`;
    throw new ContainerFileError("too-large", message);
  }
  const written = await onDisk(`write '${path}'`, async () => {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    let at = 0;
    for await (const chunk of content) {
      for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
      at += chunk.length;
    }
    return at;
  });
  if (written !== size) {
    throw new Error(`The tar stream ended after ${written} of ${size} bytes of '${path}'.`);
  }
}
