/**
 * Sends a file.
 *
 * @module
 */

import { onDisk } from "../../lib/util/files.ts";

/** Options of {@linkcode fileResponse}. */
export interface FileResponseOptions {
  /** Media type of the file. */
  readonly contentType: string;
  /** Aborted when the client goes away or the server ends. */
  readonly signal: AbortSignal;
}

/**
 * Sends the content of a file, which may be removed meanwhile.
 *
 * @param path Path of the file.
 * @param options See {@linkcode FileResponseOptions}.
 */
export async function fileResponse(
  path: string,
  { contentType, signal }: FileResponseOptions,
): Promise<Response> {
  const file = await onDisk(`read '${path}'`, () => Deno.open(path));
  const { size } = await file.stat();
  return new Response(file.readable.pipeThrough(new TransformStream(), { signal }), {
    headers: { "content-type": contentType, "content-length": String(size), "cache-control": "no-store" },
  });
}
