/**
 * Addresses of NATS servers.
 *
 * @module
 */

import { parseConnectionStrings } from "../../lib/util/connection_string.ts";
import { InvalidConfigError } from "../../lib/errors.ts";
import { NATS_PORT, NATS_RULES } from "../../lib/util/server_addresses.ts";

/** One server. */
export interface NatsServer {
  /** Name or address of its host, an IPv6 address without brackets. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Whether the connection must be encrypted. One that the server wants encrypted always is. */
  readonly tls: boolean;
  /** How to be let in. */
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string };
}

/**
 * Reads the address of a server, or of several with commas between them:
 * `nats://host:4222`, `tls://user:password@host`, `nats://token@host`.
 *
 * @param urls The addresses, as in `NATS_URL`.
 * @returns The servers.
 * @throws {InvalidConfigError} If one cannot be read; never names a credential.
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

/** What names a server in texts. @param server The server. @returns Its address, without credentials. */
export function nameOfNatsServer({ hostname, port, tls }: NatsServer): string {
  return `${tls ? "tls" : "nats"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function credentialsOf(user: string = "", password: string = ""): NatsServer["credentials"] {
  if (user === "") return {};
  return password === "" ? { token: user } : { user, pass: password };
}
