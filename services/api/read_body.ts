/**
 * Reads bodies of requests within bounds.
 *
 * @module
 */

import { ApiProblem } from "./api_problem.ts";

/** How long a client may send nothing, in ms. */
const MAX_SILENCE_MS = 10_000;
/** How long a client may take for a body that is read as a string, in ms. */
const MAX_TOTAL_MS = 60_000;
/** A body of at most this many bytes, of announced size, comes in one piece or two. */
const SMALL_BYTES = 16 * 1024;

/**
 * Reads a body as a string.
 *
 * @param request The request.
 * @param maxBytes Largest size.
 * @throws {ApiProblem} 413 if it is larger, 408 if the client is silent or takes too long, 400 if it is not UTF-8.
 */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  const announced = Number(request.headers.get("content-length") ?? NaN);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    // A stream costs more than all else about a small request.
    if (announced <= SMALL_BYTES) return decoder.decode(await unlessSilent(() => request.arrayBuffer()));
    return await readStream(request, maxBytes, decoder);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ApiProblem(400, "request/invalid", "The body is not UTF-8.");
  }
}

async function readStream(request: Request, maxBytes: number, decoder: TextDecoder): Promise<string> {
  const endsAt = performance.now() + MAX_TOTAL_MS;
  let text = "";
  let size = 0;
  for await (const chunk of chunksOf(request.body)) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (performance.now() > endsAt) {
      throw new ApiProblem(408, "request/timeout", "The body took longer than 60 s.");
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(maxBytes: number): ApiProblem {
  return new ApiProblem(413, "request/too-large", `The body may have at most ${maxBytes} bytes.`);
}

/**
 * Reads the chunks of a body, and gives up on a silent client.
 *
 * @param body The body.
 * @throws {ApiProblem} 408 if the client is silent.
 */
export async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!body) return;
  const reader = body.getReader();
  try {
    while (true) {
      const { done, value } = await unlessSilent(() => reader.read());
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Waits for what a client sends, and gives up if nothing comes. */
async function unlessSilent<T>(read: () => Promise<T>): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ApiProblem(408, "request/timeout", "The client sent nothing for 10 s.")),
    MAX_SILENCE_MS,
  );
  try {
    return await Promise.race([read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
