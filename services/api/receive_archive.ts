/**
 * Receives an archive into a file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { onDisk } from "../../lib/util/files.ts";
import { ApiProblem } from "./api_problem.ts";
import { chunksOf } from "./read_body.ts";

/** The upload to receive. */
export interface ReceiveArchiveOptions {
  /** The body of the request. */
  readonly body: ReadableStream<Uint8Array>;
  /** Size that the request announces. @default unknown */
  readonly announced?: number;
  /** SHA-256 that the client expects, in hexadecimal digits. */
  readonly sha256: string;
  /** Largest size in bytes. */
  readonly maxBytes: number;
}

/**
 * Writes the body of a request to a new file. A failure may leave a part of the file.
 *
 * @param path Absolute path of the file, which must not exist.
 * @param options The body, and what is expected of it.
 * @throws {ApiProblem} 413 if it is too large, 408 if the client is silent, 422 if it is not what the client hashed.
 * @throws {BerthError} If the file cannot be written (`archive/io`).
 */
export async function receiveArchive(
  path: string,
  { body, announced = 0, sha256, maxBytes }: ReceiveArchiveOptions,
): Promise<void> {
  const tooLarge = () =>
    new ApiProblem(413, "code/too-large", `The archive has more than ${maxBytes} bytes.`, {
      advice: "Leave out what the bot does not need, or set ARCHIVE_MAX_TOTAL_MB.",
    });
  if (announced > maxBytes) throw tooLarge();
  const hash = createHash("sha256");
  let size = 0;
  using file = await onDisk(
    `create '${path}'`,
    () => Deno.open(path, { write: true, createNew: true, mode: 0o600 }),
  );
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    hash.update(chunk);
    await onDisk(`write '${path}'`, async () => {
      for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
    });
  }
  if (hash.digest("hex") === sha256) return;
  const detail = `The ${size} bytes that arrived do not have the SHA-256 that the request names.`;
  throw new ApiProblem(422, "code/damaged", detail, { advice: "Upload the archive again." });
}
