/**
 * Addresses of container engines. Pure.
 *
 * @module
 */

import { parseConnectionString } from "../util/connection_string.ts";

/** Where an engine listens: at the path of a socket on this host, or at a host and port. */
export type EngineAddress =
  | { readonly socketPath: string; readonly host?: undefined }
  | { readonly host: string; readonly port: number };

/** Ports by custom: 2375 without TLS, 2376 with it. */
const DEFAULT_PORT = 2376;

/**
 * Reads an address.
 *
 * @param text `unix://` and an absolute path, or `tcp://HOST` with or without a port.
 * @returns The address, or what is wrong as a clause that follows the name of the variable.
 */
export function parseEngineAddress(text: string): EngineAddress | { readonly problem: string } {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (socketPath !== undefined) return { socketPath };
  const parsed = parseConnectionString(text, { schemes: ["tcp"] });
  const isPlain = !("problem" in parsed) && parsed.hosts.length === 1 && parsed.user === undefined &&
    /^\/?$/.test(parsed.rest);
  if (!isPlain) {
    return {
      problem: "must be unix:///path/to/docker.sock or tcp://host:2376, or several separated by commas",
    };
  }
  const { hostname, port = DEFAULT_PORT } = parsed.hosts[0]!;
  return { host: hostname, port };
}
