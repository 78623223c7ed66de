/**
 * Makes calls to the MinIO client cancellable. The client accepts no signals, but sends every request through this
 * transport, which knows the call that a request belongs to.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import https from "node:https";

/** A transport as the MinIO client uses it. */
export type MinioTransport = Pick<typeof http, "request">;

const signals = new AsyncLocalStorage<AbortSignal>();

/**
 * Creates a transport with requests that {@linkcode withRequestSignal} can cancel.
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
 * Calls a function. The signal cancels all requests that the function makes, also while their answers are read.
 *
 * @param signal The signal.
 * @param call The function.
 * @returns The result of the function.
 */
export function withRequestSignal<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  return signals.run(signal, call);
}
