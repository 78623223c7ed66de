/**
 * The configuration of the API's listener on TCP.
 *
 * @module
 */

import { z } from "zod";
import type { Issue } from "../lib/errors.ts";
import { about } from "../lib/runner/variable_notes.ts";
import { isLoopback } from "../lib/util/server_addresses.ts";

/** Where and how the API listens on TCP. */
export interface HttpConfig {
  /** Address to listen at. */
  readonly hostname: string;
  /** Port; 0 for any. */
  readonly port: number;
  /** Files of the certificate and of its key, as PEM; absent for plain HTTP. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Whether a proxy in front speaks TLS with the clients, and says who they are. */
  readonly isBehindProxy: boolean;
  /** Names under which clients reach it, besides its address and `localhost`. */
  readonly names: readonly string[];
}

/** The variables of the listener, with their documentation. */
export const HTTP_SHAPE = {
  HTTP_ADDR: z.string().default("127.0.0.1:8420").transform(parseHttpAddress).meta(
    about(
      "API",
      "address and port of the API, besides its unix socket; `off` for the socket alone; any address but loopback needs TLS or a proxy",
      "127.0.0.1:8420",
    ),
  ),
  HTTP_TLS_CERT: z.string().regex(/^\/[^\0]*$/, "must be an absolute path").optional().meta(
    about("API", "file of the certificate chain, as PEM; read again when it changes"),
  ),
  HTTP_TLS_KEY: z.string().regex(/^\/[^\0]*$/, "must be an absolute path").optional().meta(
    about("API", "file of the certificate's private key, as PEM"),
  ),
  HTTP_BEHIND_PROXY: z.enum(["0", "1"], "must be 0 or 1").default("0").meta(
    about(
      "API",
      "1 says that all requests come through a proxy, which speaks TLS and sets X-Forwarded-For",
    ),
  ),
  HTTP_HOSTS: z.string().default("").transform(parseHostNames).meta(
    about("API", "names under which clients reach the API, separated by commas; localhost needs no entry"),
  ),
  ADVERTISE_URL: z.string().optional().meta(
    about(
      "API",
      "which of BERTH_URLS is this process: while it leads, Berths that stand by pass requests on to it there",
      "the one with the host and port of HTTP_ADDR",
    ),
  ),
};

/** The parsed variables of the listener. */
type HttpValues = z.output<z.ZodObject<typeof HTTP_SHAPE>>;

/**
 * Makes the configuration of the listener.
 *
 * @param value The parsed variables.
 * @returns `undefined` if the API does not listen on TCP.
 */
export function toHttpConfig(value: HttpValues): HttpConfig | undefined {
  const { HTTP_ADDR: address, HTTP_TLS_CERT: certFile, HTTP_TLS_KEY: keyFile } = value;
  return address && {
    ...address,
    ...(certFile !== undefined && keyFile !== undefined && { tls: { certFile, keyFile } }),
    isBehindProxy: value.HTTP_BEHIND_PROXY === "1",
    names: value.HTTP_HOSTS,
  };
}

/** `HOST:PORT`, `[IPv6]:PORT` or `off`. */
function parseHttpAddress(
  text: string,
  context: z.RefinementCtx,
): Pick<HttpConfig, "hostname" | "port"> | undefined {
  if (text === "off") return undefined;
  const [, host, port] = /^(\[[0-9a-fA-F:.]{2,45}\]|[a-zA-Z0-9.-]{1,253}):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    context.addIssue({
      code: "custom",
      message: "must be an address with a port, such as 127.0.0.1:8420, or off",
    });
    return z.NEVER;
  }
  return { hostname: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** Names separated by commas, in lower case. */
function parseHostNames(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
  const wrong = names.find((name) => !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) {
    context.addIssue({
      code: "custom",
      message: "must be names of hosts without a port, separated by commas",
    });
  }
  return names;
}

/**
 * Reports settings under which tokens would cross a network in plain text.
 *
 * @param value The parsed variables.
 */
export function unsafeHttp(value: HttpValues): Issue[] {
  const { HTTP_ADDR: address, HTTP_TLS_CERT: cert, HTTP_TLS_KEY: key, HTTP_BEHIND_PROXY: behindProxy } =
    value;
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, given] = cert === undefined
      ? ["HTTP_TLS_CERT", "HTTP_TLS_KEY"]
      : ["HTTP_TLS_KEY", "HTTP_TLS_CERT"];
    return [{ path: missing, message: `is missing, but ${given} is set; set both, or neither` }];
  }
  if (!address || isLoopback(address.hostname) || cert !== undefined || behindProxy === "1") return [];
  return [{
    path: "HTTP_ADDR",
    message:
      `${address.hostname} can be reached from other machines, and tokens would cross the network in ` +
      "plain text; set HTTP_TLS_CERT and HTTP_TLS_KEY, or HTTP_BEHIND_PROXY=1 if only a proxy with TLS " +
      "reaches it, or use 127.0.0.1",
  }];
}
