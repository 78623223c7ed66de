/**
 * Long answers of an engine on a socket of this machine. An engine sends each line of a log as a chunk of its
 * own, and the HTTP client hands each over by itself: three quarters of the time of reading a log. Here all that has
 * come is handed over at once.
 *
 * @module
 */

import { connect } from "node:net";
import type { CallScope } from "../../util/call_scope.ts";
import { toConnectionError, toRefusal } from "./dockerode_errors.ts";
import { HttpChunks } from "./http_chunks.ts";

const MAX_WORDS_BYTES = 64 * 1024;

/** What is asked for. */
export interface StreamRequest {
  /** What it does, as in "Cannot …". */
  readonly what: string;
  /** Path of the engine's socket. */
  readonly socketPath: string;
  /** HTTP method. */
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Where the engine is, for error texts. */
  readonly address: string;
}

/**
 * Sends a request without a body and returns once the answer has begun. Nothing is read while nobody asks for more.
 *
 * @param request The request.
 * @param scope Its bounds; abort it to close the connection.
 * @returns The body; leaving it early closes the connection.
 * @throws {EngineError} If the engine refuses.
 * @throws {EngineUnavailableError} If it does not answer, or its answer breaks off.
 */
export async function openStream(
  request: StreamRequest,
  scope: CallScope,
): Promise<AsyncIterable<Uint8Array>> {
  const pieces = readAnswer(request, scope);
  // The first piece comes with the head, and is empty if that came alone.
  const first = await pieces.next();
  return (async function* () {
    try {
      if (first.value && first.value.length > 0) yield first.value;
      yield* pieces;
    } finally {
      await pieces.return(undefined);
    }
  })();
}

async function* readAnswer(
  { what, socketPath, method, path, address }: StreamRequest,
  scope: CallScope,
): AsyncGenerator<Uint8Array> {
  scope.signal.throwIfAborted();
  const socket = connect({ path: socketPath });
  const abort = () => socket.destroy();
  scope.signal.addEventListener("abort", abort, { once: true });
  const answer = new HttpChunks();
  const isRefusal = () => answer.status !== undefined && answer.status >= 300;
  let words = "";
  let isHeadTold = false;
  try {
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
    for await (const bytes of socket) {
      const content = answer.push(bytes as Uint8Array);
      if (answer.status === undefined) continue;
      if (isRefusal()) words = (words + new TextDecoder().decode(content)).slice(0, MAX_WORDS_BYTES);
      else if (content.length > 0 || !isHeadTold) yield content;
      isHeadTold = true;
      if (answer.isComplete) break;
    }
    scope.signal.throwIfAborted();
    if (!answer.isComplete && !answer.isRaw) throw new Error("The connection was closed inside an answer");
  } catch (error) {
    if (scope.signal.aborted) throw scope.signal.reason;
    throw toConnectionError(what, address, error);
  } finally {
    scope.signal.removeEventListener("abort", abort);
    socket.destroy();
  }
  if (isRefusal()) throw toRefusal(what, answer.status!, messageIn(words));
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message.trim();
  } catch {
    // Not in the engine's usual form.
  }
  return text.trim() || "no words";
}
