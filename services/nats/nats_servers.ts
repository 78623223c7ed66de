/**
 * Parses addresses of NATS servers.
 *
 * @module
 */

import { parseConnectionStrings } from "../../lib/util/connection_string.ts";
import { InvalidConfigError } from "../../lib/errors.ts";
import { NATS_PORT, NATS_RULES } from "../../lib/util/server_addresses.ts";

/** Address of one server. */
export interface NatsServer {
  /** Host name or IP address, an IPv6 address without brackets. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Whether Berth requires encryption. A server that requires encryption always gets it. */
  readonly tls: boolean;
  /** Credentials of the login. */
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string };
}

/**
 * Parses comma-separated addresses: `nats://host:4222`, `tls://user:password@host`, `nats://token@host`.
 *
 * @param urls The addresses, as in `NATS_URL`.
 * @returns The servers.
 * @throws {InvalidConfigError} If an address is invalid; never shows a credential.
 */
export function parseNatsServers(urls: string): NatsServer[] {
  const parsed = parseConnectionStrings(urls, NATS_RULES);
  if ("problem" in parsed) throw new InvalidConfigError([{ path: "NATS_URL", message: parsed.problem }]);
  return parsed.flatMap(({ scheme, user, password, hosts }) =>
    hosts.map(({ hostname, port = NATS_PORT }) => ({
      hostname,
      port,
      tls: scheme === "tls",
      credentials: credentialsOf(user, password),
    }))
  );
}

/**
 * Formats a server's address for messages. @param server The server. @returns The address without
 * credentials.
 */
export function nameOfNatsServer({ hostname, port, tls }: NatsServer): string {
  return `${tls ? "tls" : "nats"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function credentialsOf(user: string = "", password: string = ""): NatsServer["credentials"] {
  if (user === "") return {};
  return password === "" ? { token: user } : { user, pass: password };
}
