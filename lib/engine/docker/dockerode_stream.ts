/**
 * Reads long answers of an engine on a local socket. An engine sends each line of a log as a separate chunk, and Node's
 * HTTP client spends three quarters of the reading time on passing chunks on one by one. This reader passes on all bytes
 * that have arrived at once.
 *
 * @module
 */

import { connect } from "node:net";
import type { CallScope } from "../../util/call_scope.ts";
import { toConnectionError, toRefusal } from "./dockerode_errors.ts";
import { HttpChunks } from "./http_chunks.ts";

const MAX_MESSAGE_CHARACTERS = 64 * 1024;

/** A request. */
export interface StreamRequest {
  /** The purpose of the request, as a clause that follows "Cannot". */
  readonly what: string;
  /** Path of the engine's socket. */
  readonly socketPath: string;
  /** HTTP method. */
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Address of the engine, for error messages. */
  readonly address: string;
}

/**
 * Sends a request without a body, and returns once the answer begins. Reads only as fast as the caller does.
 *
 * @param request The request.
 * @param scope Bounds of the request; abort it to close the connection.
 * @returns The body. Leaving the loop early closes the connection.
 * @throws {EngineError} If the engine refuses.
 * @throws {EngineUnavailableError} If the engine does not answer, or its answer breaks off.
 */
export async function openStream(
  request: StreamRequest,
  scope: CallScope,
): Promise<AsyncIterable<Uint8Array>> {
  const pieces = readAnswer(request, scope);
  // The first piece arrives with the head, and is empty if the head arrived alone.
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
  let message = "";
  let isHeadYielded = false;
  try {
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
    for await (const bytes of socket) {
      const content = answer.push(bytes as Uint8Array);
      if (answer.status === undefined) continue;
      if (isRefusal()) {
        message = (message + new TextDecoder().decode(content)).slice(0, MAX_MESSAGE_CHARACTERS);
      } else if (content.length > 0 || !isHeadYielded) yield content;
      isHeadYielded = true;
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
  if (isRefusal()) throw toRefusal(what, answer.status!, messageIn(message));
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message.trim();
  } catch {
    // The body is not in the engine's usual form.
  }
  return text.trim() || "(no message)";
}
