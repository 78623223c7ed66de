/**
 * Serves the API on a unix socket, and on TCP. A surface that cannot be had is logged: the bots are looked after all
 * the same.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { ApiApp, Entrance } from "./api_app.ts";

/** Where to listen. */
export interface ApiAddresses {
  /** Path of the unix socket, in a folder that is closed to other users. */
  readonly socket: string;
  /** Address and port; absent for none. */
  readonly tcp?: { readonly hostname: string; readonly port: number };
}

/** Limits of a connection. Node's own checks end it. */
const LIMITS = {
  /** Longest time for the header of a request, in ms. */
  headersTimeout: 10_000,
  /** Longest time for a whole request, in ms: an archive may be large. */
  requestTimeout: 30 * 60_000,
  /** Largest header, in bytes. */
  maxHeaderSize: 16 * 1024,
  /** How long a connection may be idle between two requests, in ms. */
  keepAliveTimeout: 60_000,
  /** How often the times are checked, in ms. */
  connectionsCheckingInterval: 1000,
} as const;
/** Connections at once on each entrance. */
const MAX_CONNECTIONS = 1000;

/** The API, while it listens. */
export class ApiListener implements AsyncDisposable {
  readonly #servers: Server[] = [];
  readonly #log = getLogger(["berth", "api"]);

  private constructor() {}

  /**
   * Begins to listen.
   *
   * @param app The API.
   * @param addresses Where to listen.
   */
  static async listen(app: ApiApp, { socket, tcp }: ApiAddresses): Promise<ApiListener> {
    const listener = new ApiListener();
    // What a killed process left.
    await Deno.remove(socket).catch(() => {});
    await listener.#open(app, "unix", { path: socket });
    await Deno.chmod(socket, 0o600).catch(() => {});
    if (tcp) await listener.#open(app, "tcp", { host: tcp.hostname, port: tcp.port });
    return listener;
  }

  /** Port of the TCP entrance; `undefined` if it is not open. */
  get port(): number | undefined {
    const addresses = this.#servers.map((server) => server.address());
    return addresses.find((address) => typeof address === "object" && address !== null && "port" in address)
      ?.["port" as never];
  }

  async #open(app: ApiApp, entrance: Entrance, where: { path: string } | { host: string; port: number }) {
    const server = createServer(LIMITS, (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const from = entrance === "unix" ? "unix" : incoming.socket.remoteAddress ?? "unknown";
      void getRequestListener((request) => app(request, entrance, from), { overrideGlobalObjects: false })(
        incoming,
        outgoing,
      );
    });
    server.maxConnections = MAX_CONNECTIONS;
    try {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject);
      server.listen(where, resolve);
      await promise;
      server.on("error", (error) => this.#log.warn("server failed", { entrance, problem: messageOf(error) }));
      this.#servers.push(server);
      this.#log.info("listening", { entrance, ...where });
    } catch (error) {
      this.#log.error("cannot listen; commands and programs cannot reach the service here", {
        entrance,
        ...where,
        problem: messageOf(error),
      });
    }
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })
    ));
  }
}
