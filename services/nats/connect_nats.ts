/**
 * The connection to a NATS server.
 *
 * @module
 */

import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { tryNatsLogin } from "./nats_login.ts";
import { nameOfNatsServer, type NatsServer, parseNatsServers } from "./nats_servers.ts";

/** Dials. */
export interface NatsConnector {
  /** Where to, in words; without credentials. */
  readonly where: string;
  /**
   * Connects once. The connection does not mend itself: when it is lost, it is closed.
   *
   * @throws {Error} If no server can be reached, in words.
   */
  connect(signal: AbortSignal): Promise<NatsConnection>;
}

/** Options of {@linkcode connectNats}. */
export interface ConnectNatsOptions {
  /** What the connection is called on the server. @default "berth" */
  readonly name?: string;
  /** Time limit of each step, in ms. @default 5_000 */
  readonly limitMs?: number;
  /** A connection is lost when two pings, so many ms apart, are not answered. @default 8_000 */
  readonly pingIntervalMs?: number;
}

/**
 * Makes what a `NatsBotEvents` takes. Nothing is sent yet.
 *
 * @param urls The address of a server, or of several with commas between them: the first that answers is taken.
 * @returns The connector.
 * @throws {InvalidConfigError} If an address cannot be read.
 */
export function connectNats(urls: string, options: ConnectNatsOptions = {}): NatsConnector {
  const servers = parseNatsServers(urls);
  return {
    where: servers.map(nameOfNatsServer).join(", "),
    async connect(signal) {
      const problems: string[] = [];
      for (const server of servers) {
        try {
          return await dial(server, options, signal);
        } catch (error) {
          signal.throwIfAborted();
          const { message } = error as Error;
          problems.push(servers.length === 1 ? message : `${nameOfNatsServer(server)}: ${message}`);
        }
      }
      throw new Error(problems.join("; "));
    },
  };
}

async function dial(
  server: NatsServer,
  { name = "berth", limitMs = 5_000, pingIntervalMs = 8_000 }: ConnectNatsOptions,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const { hostname, port, tls, credentials } = server;
  await tryNatsLogin(server, { name, limitMs, signal });
  const connection = await connect({
    ...credentials,
    ...(tls && { tls: {} }),
    servers: [hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`],
    name,
    timeout: limitMs,
    pingInterval: pingIntervalMs,
    // Who holds the connection knows what to do anew on the next one.
    reconnect: false,
    ignoreClusterUpdates: true,
    resolve: false,
  });
  if (!signal.aborted) return connection;
  await connection.close();
  throw signal.reason;
}
