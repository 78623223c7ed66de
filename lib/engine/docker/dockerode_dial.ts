/**
 * Sends requests over dockerode's connection with Node's own HTTP client. docker-modem's sender follows redirects: the
 * second request leaves the engine's socket and nobody handles its errors, so a single answer could end the process.
 *
 * @module
 */

import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline, type Readable } from "node:stream";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";

/** A request in docker-modem's terms. */
export interface DialOptions {
  /** Path, ending with a question mark. */
  readonly path: string;
  /** HTTP method. */
  readonly method: string;
  /** Query and body. */
  readonly options: { readonly _query: object; readonly _body: unknown };
  /** Credentials of a registry, encoded. */
  readonly authconfig?: { readonly base64: string };
  /** Body of the request, if it is not `_body`. Destroyed at the end of the request. */
  readonly file?: Readable;
  /** Cancels the request, and closes its connection. */
  readonly abortSignal: AbortSignal;
}

type Body = string | Readable | undefined;
type Callback = (error: unknown, response?: IncomingMessage) => void;

/** The part of docker-modem that is used: it builds the options of a request; its sender is replaced. */
interface Modem {
  readonly protocol?: string;
  dial(options: object, callback: Callback): void;
  buildRequest(options: RequestOptions, context: object, body: Body, callback: Callback): void;
}

/**
 * Creates a function that sends requests to an engine.
 *
 * @param docker The connection, which is not changed.
 * @returns A function that resolves once an answer begins, whatever its status, and rejects if there is none.
 */
export function dialerOf(docker: Docker): (options: DialOptions) => Promise<IncomingMessage> {
  const original = docker.modem as unknown as Modem;
  const modem: Modem = Object.create(original, {
    buildRequest: {
      value: (options: RequestOptions, _context: object, body: Body, callback: Callback) =>
        send(original.protocol, options, body, callback),
    },
  });
  return async (options) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    // Releases the caller at once, whatever the HTTP client does about an abort.
    const { abortSignal } = options;
    const onAbort = () => reject(abortSignal.reason);
    abortSignal.addEventListener("abort", onAbort, { once: true });
    modem.dial({ ...options, isStream: true, statusCodes: {} }, (error, response) => {
      if (response) resolve(response);
      else reject(error ?? new Error("There was no response"));
    });
    try {
      return await promise;
    } finally {
      abortSignal.removeEventListener("abort", onAbort);
    }
  };
}

function send(
  protocol: string | undefined,
  options: RequestOptions,
  body: Body,
  callback: Callback,
): void {
  try {
    const request = (protocol === "https" ? httpsRequest : httpRequest)(options);
    // Stays for the life of the request: an error after the beginning of the answer reaches the reader of the answer, and
    // must not end the process.
    request.on("error", callback);
    request.on("response", (response) => {
      response.on("error", () => {});
      callback(null, response);
    });
    request.on("upgrade", (_response, socket) => {
      socket.on("error", () => {}).destroy();
      callback(new Error("The engine changed to another protocol"));
    });
    if (body === undefined || typeof body === "string") request.end(body);
    else pipeline(body, request, (error) => error && callback(error));
  } catch (error) {
    callback(error);
  }
}
