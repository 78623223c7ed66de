/**
 * Lets a call to the MinIO client be given up. The client takes no signals; what it sends, it sends through
 * this transport, which knows for which call.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import https from "node:https";

/** What the MinIO client needs of a transport. */
export type MinioTransport = Pick<typeof http, "request">;

const signals = new AsyncLocalStorage<AbortSignal>();

/**
 * Makes a transport whose requests are given up by the signal of {@linkcode withRequestSignal}.
 *
 * @param useSSL Whether to speak HTTPS.
 * @returns The transport for the client's constructor.
 */
export function makeMinioTransport(useSSL: boolean): MinioTransport {
  const send: typeof http.request = useSSL ? https.request : http.request;
  return {
    request:
      ((options: http.RequestOptions, onResponse?: (response: http.IncomingMessage) => void) =>
        send({ ...options, signal: signals.getStore() }, onResponse)) as typeof http.request,
  };
}

/**
 * Calls a function; a signal gives up all requests that it makes, answers that are still being read included.
 *
 * @param signal The signal.
 * @param call The function.
 * @returns What the function returns.
 */
export function withRequestSignal<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  return signals.run(signal, call);
}
