/**
 * Responses whose body is one string: they are sent without a stream, which would cost more than all else about them.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { Buffer } from "node:buffer";

const bodies = new WeakMap<Response, string>();

/**
 * Makes a response.
 *
 * @param body The body.
 * @param init Its status and headers.
 */
export function wholeResponse(body: string, init: ResponseInit): Response {
  const response = new Response(body, init);
  bodies.set(response, body);
  return response;
}

/**
 * Sends a response that {@linkcode wholeResponse} has made.
 *
 * @param response The response.
 * @param outgoing The way to the client.
 * @returns False if it is another one: nothing is sent then.
 */
export function sendWhole(response: Response, outgoing: ServerResponse): boolean {
  const body = bodies.get(response);
  if (body === undefined) return false;
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  outgoing.writeHead(response.status, { ...headers, "content-length": Buffer.byteLength(body) });
  outgoing.end(body);
  return true;
}
