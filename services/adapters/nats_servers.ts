/**
 * Addresses of NATS servers.
 *
 * @module
 */

import { InvalidConfigError } from "../../lib/errors.ts";

const DEFAULT_PORT = 4222;

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
 * @throws {InvalidConfigError} when one cannot be read; never names a credential.
 */
export function parseNatsServers(urls: string): NatsServer[] {
  const texts = urls.split(",").map((url) => url.trim()).filter((url) => url !== "");
  const servers = texts.map(parseServer);
  if (servers.length > 0 && !servers.includes(undefined)) return servers as NatsServer[];
  throw new InvalidConfigError([
    "NATS_URL: must be the address of a server, such as 'nats://localhost:4222', or several with commas between them",
  ]);
}

/** What names a server in texts. @param server The server. @returns Its address, without credentials. */
export function nameOfNatsServer({ hostname, port, tls }: NatsServer): string {
  return `${tls ? "tls" : "nats"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function parseServer(text: string): NatsServer | undefined {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (!url?.hostname || !["nats:", "tls:"].includes(url.protocol)) return undefined;
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || DEFAULT_PORT),
    tls: url.protocol === "tls:",
    credentials: credentialsIn(url),
  };
}

function credentialsIn({ username, password }: URL): NatsServer["credentials"] {
  if (username === "") return {};
  if (password === "") return { token: decode(username) };
  return { user: decode(username), pass: decode(password) };
}

/** A percent sign that encodes nothing stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
