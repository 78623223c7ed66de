/**
 * Checks the addresses of servers, and lists the hosts in them.
 *
 * @module
 */

import {
  type ConnectionString,
  type ConnectionStringProblem,
  type ConnectionStringRules,
  parseConnectionString,
  parseConnectionStrings,
} from "./connection_string.ts";

/** Rules for addresses of MongoDB servers. */
const MONGO_RULES: ConnectionStringRules = { schemes: ["mongodb", "mongodb+srv"] };
/** Rules for addresses of NATS servers. */
export const NATS_RULES: ConnectionStringRules = { schemes: ["nats", "tls"], defaultScheme: "nats" };
/** Default port of MongoDB. */
const MONGO_PORT = 27_017;
/** Default port of NATS. */
export const NATS_PORT = 4222;

/**
 * Describes the problem of `MONGO_URI`.
 *
 * @param uri Value of the variable.
 * @returns The problem, without any part of the value; `undefined` if there is none.
 */
export function problemOfMongoUri(uri: string): string | undefined {
  const parsed = parseConnectionString(uri, MONGO_RULES);
  if ("problem" in parsed) return parsed.problem;
  const { scheme, hosts: [{ port } = {}, ...others] } = parsed;
  const isOneName = others.length === 0 && port === undefined;
  return scheme === "mongodb" || isOneName
    ? undefined
    : "must name one host without a port after mongodb+srv://";
}

/**
 * Describes the problem of `NATS_URL`.
 *
 * @param urls Value of the variable.
 * @returns The problem, without any part of the value; `undefined` if there is none.
 */
export function problemOfNatsUrl(urls: string): string | undefined {
  const parsed = parseConnectionStrings(urls, NATS_RULES);
  if ("problem" in parsed) return parsed.problem;
  return parsed.every(({ rest }) => rest === "" || rest === "/") ? undefined : "must end after host:port";
}

/**
 * Lists the servers of `MONGO_URI` in the form of Deno's permissions.
 *
 * @param uri A valid value.
 * @returns `host:port` pairs; `undefined` if DNS lists the servers, which may then change while the service runs.
 */
export function mongoHosts(uri: string): string[] | undefined {
  const parsed = parseConnectionString(uri, MONGO_RULES);
  if ("problem" in parsed) return [];
  return parsed.scheme === "mongodb" ? hostsOf([parsed], MONGO_PORT) : undefined;
}

/**
 * Lists the servers of `NATS_URL` in the form that Deno's permissions use.
 *
 * @param urls A valid value.
 * @returns `host:port` pairs.
 */
export function natsHosts(urls: string): string[] {
  const parsed: ConnectionString[] | ConnectionStringProblem = parseConnectionStrings(urls, NATS_RULES);
  return "problem" in parsed ? [] : hostsOf(parsed, NATS_PORT);
}

function hostsOf(parsed: readonly ConnectionString[], defaultPort: number): string[] {
  return parsed.flatMap(({ hosts }) => hosts).map(({ hostname, port = defaultPort }) =>
    `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`
  );
}

/**
 * Tells whether a host stands for this machine alone.
 *
 * @param host Name or address, without brackets.
 */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|localhost)$/i.test(host);
}

/** Addresses that no network routes to others: RFC 1918, RFC 6598, link-local and unique local ones. */
const PRIVATE =
  /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i;
/** Names that the public DNS does not have. */
const PRIVATE_NAME = /^[^.:]+$|\.(internal|local|lan|home\.arpa|localhost|test)$/i;

/**
 * Tells whether a host is in a private network, judging by its name or address.
 *
 * @param host Name or address, without brackets.
 */
export function isPrivateHost(host: string): boolean {
  return /^\d+(\.\d+){3}$|:/.test(host) ? PRIVATE.test(host) : PRIVATE_NAME.test(host);
}

/**
 * Reads the host and the port of an HTTP address.
 *
 * @param url The address.
 * @returns Its host, without brackets, and its port.
 */
export function tcpAddressOf(url: string): { readonly hostname: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === "https:" ? 443 : 80;
  return { hostname: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? standard : Number(port) };
}
