/**
 * Connects to a NATS server.
 *
 * @module
 */

import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { tryNatsLogin } from "./nats_login.ts";
import { nameOfNatsServer, type NatsServer, parseNatsServers } from "./nats_servers.ts";

/** Connects on demand. */
export interface NatsConnector {
  /** The servers' addresses, for messages; without credentials. */
  readonly where: string;
  /**
   * Connects once. The connection does not reconnect: when it is lost, it is closed.
   *
   * @param signal Aborts the attempt.
   * @throws {Error} If no server can be reached; the message says why.
   */
  connect(signal: AbortSignal): Promise<NatsConnection>;
}

/** Options of {@linkcode connectNats}. */
export interface ConnectNatsOptions {
  /** Name of the connection on the server. @default "berth" */
  readonly name?: string;
  /** Time limit of each step, in ms. @default 5_000 */
  readonly limitMs?: number;
  /** Interval of pings, in ms. The connection counts as lost after two unanswered pings. @default 8_000 */
  readonly pingIntervalMs?: number;
}

/**
 * Creates a connector for `NatsBotEvents`, without connecting.
 *
 * @param urls Comma-separated addresses of servers. The first that answers is used.
 * @returns The connector.
 * @throws {InvalidConfigError} If an address is invalid.
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
    // The owner of the connection has to subscribe again on the next one, so it reconnects itself.
    reconnect: false,
    ignoreClusterUpdates: true,
    resolve: false,
  });
  if (!signal.aborted) return connection;
  await connection.close();
  throw signal.reason;
}
