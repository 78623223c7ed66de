/**
 * What the addresses of the servers may be, and where they lead.
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

/** Addresses of MongoDB servers. */
export const MONGO_RULES: ConnectionStringRules = { schemes: ["mongodb", "mongodb+srv"] };
/** Addresses of NATS servers, of which there may be several. */
export const NATS_RULES: ConnectionStringRules = { schemes: ["nats", "tls"], defaultScheme: "nats" };
/** Port of MongoDB where none is given. */
export const MONGO_PORT = 27_017;
/** Port of NATS where none is given. */
export const NATS_PORT = 4222;

/**
 * What is wrong with `MONGO_URI`.
 *
 * @param uri Its value.
 * @returns The problem, in words without any part of the value.
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
 * What is wrong with `NATS_URL`.
 *
 * @param urls Its value.
 * @returns The problem, in words without any part of the value.
 */
export function problemOfNatsUrl(urls: string): string | undefined {
  const parsed = parseConnectionStrings(urls, NATS_RULES);
  if ("problem" in parsed) return parsed.problem;
  return parsed.every(({ rest }) => rest === "" || rest === "/") ? undefined : "must end after host:port";
}

/**
 * The servers of `MONGO_URI` as Deno's permissions name them.
 *
 * @param uri A value without a problem.
 * @returns `host:port` pairs; `undefined` where they are in the name system, and may change while the service runs.
 */
export function mongoHosts(uri: string): string[] | undefined {
  const parsed = parseConnectionString(uri, MONGO_RULES);
  if ("problem" in parsed) return [];
  return parsed.scheme === "mongodb" ? hostsOf([parsed], MONGO_PORT) : undefined;
}

/**
 * The servers of `NATS_URL` as Deno's permissions name them.
 *
 * @param urls A value without a problem.
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
