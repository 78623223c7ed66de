/**
 * Reads one regular file out of a tar stream: the form in which a container engine hands out files.
 *
 * @module
 */

// @ts-types="@types/tar-stream"
import type { Headers } from "tar-stream";
import { readTar } from "../../util/read_tar.ts";

/** First entry of a tar stream. */
export type TarFile =
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  /** Another kind of entry, for example a `symlink` or a `directory`. */
  | { readonly kind: "not-a-file"; readonly type: string }
  /** A regular file larger than the limit; `size` is in bytes. */
  | { readonly kind: "too-large"; readonly size: number }
  /** No entry at all. */
  | { readonly kind: "empty" };

/** Largest size of the headers before the entry, such as those of long names. */
const MAX_PREFACE_BYTES = 1024 * 1024;

/**
 * Reads the first entry of a tar stream if it is a regular file within the limit. Otherwise keeps none of its content,
 * stops reading, and closes the source by its iterator's `return`.
 *
 * @param chunks The tar stream.
 * @param options `maxBytes`: the largest file accepted.
 * @returns The file, or why it was not read.
 * @throws {Error} If it is not a whole tar stream, or with the source's own error.
 */
export async function readTarFile(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly maxBytes: number },
): Promise<TarFile> {
  let file: TarFile | undefined;
  await readTar(limitPreface(chunks, () => file !== undefined), async (header, content) => {
    file = refuse(header, options.maxBytes) ?? { kind: "file", bytes: new Uint8Array(header.size ?? 0) };
    if (file.kind === "file") await fill(file.bytes, content);
    return "stop";
  });
  return file ?? { kind: "empty" };
}

function refuse(header: Headers, maxBytes: number): TarFile | undefined {
  const type = header.type ?? "unknown";
  if (type !== "file" && type !== "contiguous-file") return { kind: "not-a-file", type };
  const size = header.size ?? 0;
  return size > maxBytes ? { kind: "too-large", size } : undefined;
}

async function fill(bytes: Uint8Array, content: AsyncIterable<Uint8Array>): Promise<void> {
  let at = 0;
  for await (const chunk of content) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const size = bytes.length;
  if (at !== size) throw new Error(`The tar stream ended after ${at} of ${size} bytes of the file.`);
}

async function* limitPreface(
  chunks: AsyncIterable<Uint8Array>,
  isFound: () => boolean,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    if (!isFound() && bytes > MAX_PREFACE_BYTES) {
      throw new Error("The tar stream has no file in its first MiB.");
    }
    bytes += chunk.length;
    yield chunk;
  }
}
