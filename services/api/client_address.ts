/**
 * Finds the address of a client.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * Finds the address that a request comes from.
 *
 * @param incoming The request.
 * @param isBehindProxy Whether the connection is a proxy's, which names its client last in `X-Forwarded-For`: whatever
 * stands before is the client's own claim.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, "headers"> & { socket: { remoteAddress?: string | undefined } },
  isBehindProxy: boolean,
): string {
  const peer = socket.remoteAddress ?? "unknown";
  if (!isBehindProxy) return peer;
  const given = [headers["x-forwarded-for"] ?? ""].flat().join(",").split(",").at(-1)!.trim();
  const address = given.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1");
  return isIP(address) === 0 ? peer : address;
}
