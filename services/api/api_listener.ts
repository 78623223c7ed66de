/**
 * Serves the API on a unix socket, and on TCP. An entrance that cannot be opened is logged, and the bots are served all
 * the same.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { AnswerRequest, Entrance } from "./api_app.ts";
import { breakOffWith } from "./break_off.ts";
import { clientAddress } from "./client_address.ts";
import { STATUS_TEXT } from "./status_text.ts";
import { sendWhole } from "./whole_response.ts";
import { readTlsFiles, type TlsFiles, TlsRenewal } from "./tls_files.ts";

/** Where to listen. */
export interface ApiAddresses {
  /** Path of the unix socket, in a folder that is closed to other users. */
  readonly socket: string;
  /** The TCP entrance; absent for none. */
  readonly tcp?: TcpEntrance;
}

/** Where and how to listen on TCP. */
export interface TcpEntrance {
  /** Address to listen at. */
  readonly hostname: string;
  /** Port; 0 for any. */
  readonly port: number;
  /** The certificate; absent for plain HTTP. */
  readonly tls?: TlsFiles;
  /** Whether a proxy in front says who the clients are. */
  readonly isBehindProxy?: boolean;
}

/** Limits of the entrances. */
export interface ListenerLimits {
  /** Longest time for the header of a request, in ms. @default 10000 */
  readonly headersTimeout: number;
  /** Longest time for a whole request, in ms: an archive may be large. @default {30 minutes} */
  readonly requestTimeout: number;
  /** Connections at once on each entrance. @default 1000 */
  readonly maxConnections: number;
  /** Connections at once from one address. @default 250 */
  readonly maxPerAddress: number;
}

const LIMITS: ListenerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30 * 60_000,
  maxConnections: 1000,
  maxPerAddress: 250,
};
/** Limits that Node itself enforces by ending connections. */
const NODE_LIMITS = {
  /** Largest header, in bytes. */
  maxHeaderSize: 16 * 1024,
  /** How long a connection may be idle between two requests, in ms. */
  keepAliveTimeout: 60_000,
  /** How often the times are checked, in ms. */
  connectionsCheckingInterval: 1000,
} as const;
/** Longest time for TLS to be agreed on, in ms. */
const HANDSHAKE_MS = 10_000;
/** The kernel's limit for the path of a unix socket, in bytes. */
const MAX_SOCKET_PATH_BYTES = 107;

/** The responses in progress: nothing else may be written to their connections. */
const answering = new WeakMap<Duplex, ServerResponse>();

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

/** The API, while it listens. */
export class ApiListener implements AsyncDisposable {
  readonly #servers: Server[] = [];
  readonly #log = getLogger(["berth", "api"]);
  readonly #app: AnswerRequest;
  readonly #limits: ListenerLimits;

  private constructor(app: AnswerRequest, limits: ListenerLimits) {
    this.#app = app;
    this.#limits = limits;
  }

  /**
   * Begins to listen.
   *
   * @param app Answers requests.
   * @param addresses Where to listen.
   * @param limits Other limits than usual.
   */
  static async listen(
    app: AnswerRequest,
    { socket, tcp }: ApiAddresses,
    limits: Partial<ListenerLimits> = {},
  ): Promise<ApiListener> {
    const listener = new ApiListener(app, { ...LIMITS, ...limits });
    await listener.#openSocket(socket);
    if (tcp) await listener.#openTcp(tcp);
    return listener;
  }

  /** Port of the TCP entrance; `undefined` if it is not open. */
  get port(): number | undefined {
    const addresses = this.#servers.map((server) => server.address());
    return addresses.find((address) => typeof address === "object" && address !== null && "port" in address)
      ?.["port" as never];
  }

  async #openSocket(path: string): Promise<void> {
    await this.#open("unix", { path }, async () => {
      const bytes = new TextEncoder().encode(path).length;
      if (bytes > MAX_SOCKET_PATH_BYTES) {
        throw new Error(
          `the path has ${bytes} bytes, and a unix socket's may have at most ${MAX_SOCKET_PATH_BYTES}: ` +
            "choose a shorter TEMP_DIR",
        );
      }
      // The socket that a killed process left.
      await Deno.remove(path).catch(() => {});
      return createServer(this.#options(), this.#answer("unix", () => "unix"));
    });
    await Deno.chmod(path, 0o600).catch(() => {});
  }

  async #openTcp({ hostname: host, port, tls, isBehindProxy = false }: TcpEntrance): Promise<void> {
    await this.#open("tcp", { host, port }, async () => {
      const from = (incoming: IncomingMessage) => clientAddress(incoming, isBehindProxy);
      let server: Server;
      if (tls) {
        const answer = this.#answer("tcp", from);
        const secure: TlsServer = createTlsServer(
          { ...this.#options(), ...await readTlsFiles(tls), handshakeTimeout: HANDSHAKE_MS },
          (incoming, outgoing) => {
            void renewal.look();
            answer(incoming, outgoing);
          },
        );
        const renewal = new TlsRenewal(tls, secure, this.#log);
        await renewal.look();
        server = secure as unknown as Server;
      } else server = createServer(this.#options(), this.#answer("tcp", from));
      // All connections of a proxy come from one address.
      if (!isBehindProxy) limitPerAddress(server, this.#limits.maxPerAddress);
      return server;
    });
  }

  #options() {
    const { headersTimeout, requestTimeout } = this.#limits;
    return { ...NODE_LIMITS, headersTimeout, requestTimeout };
  }

  #answer(entrance: Entrance, from: (incoming: IncomingMessage) => string) {
    return (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const address = from(incoming);
      answering.set(incoming.socket, outgoing);
      outgoing.once("close", () => answering.delete(incoming.socket));
      const breakOff = (error: unknown) => {
        this.#log.debug("answer broken off", { path: incoming.url, problem: messageOf(error) });
        outgoing.destroy();
      };
      const answer = async (request: Request) => {
        const response = await this.#app(request, entrance, address);
        return sendWhole(response, outgoing) ? RESPONSE_ALREADY_SENT : breakOffWith(response, breakOff);
      };
      void getRequestListener(answer, { overrideGlobalObjects: false })(incoming, outgoing);
    };
  }

  async #open(entrance: Entrance, where: Place, make: () => Promise<Server>): Promise<void> {
    try {
      const server = await make();
      server.maxConnections = this.#limits.maxConnections;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject);
      server.listen(where, resolve);
      await promise;
      server.on("clientError", refuse);
      server.on("error", (error) => this.#log.warn("server failed", { entrance, problem: messageOf(error) }));
      this.#servers.push(server);
      this.#log.info("listening", { entrance, ...where, ...("port" in where && { port: this.port }) });
    } catch (error) {
      this.#log.error("cannot listen; commands and programs cannot reach the service here", {
        entrance,
        ...where,
        problem: describe(error, where),
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

/** Answers a client whose request no handler sees: it is too slow, too large, or not HTTP. */
function refuse(error: Error & { code?: string }, socket: Duplex): void {
  const isAnswering = answering.get(socket)?.headersSent === true;
  if (!socket.writable || isAnswering || error.code === "ECONNRESET") return void socket.destroy();
  const [status, code, detail] = REFUSALS[error.code ?? ""] ??
    [400, "request/invalid", "The request is not valid HTTP."] as const;
  const body = JSON.stringify({ type: "about:blank", title: STATUS_TEXT[status], status, code, detail });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${body.length}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
  );
}

const REFUSALS: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "request/timeout", "The request did not come in time."],
  HPE_HEADER_OVERFLOW: [431, "request/header-too-large", "The header of the request is larger than 16 KiB."],
};

function describe(error: unknown, where: Place): string {
  const { code } = error as { code?: unknown };
  if (code === "EADDRINUSE" && "port" in where) {
    return `port ${where.port} is in use by another program: end it, or choose another with HTTP_ADDR`;
  }
  if ((code === "EADDRNOTAVAIL" || code === "EINVAL") && "host" in where) {
    return `this machine has no address ${where.host}: correct HTTP_ADDR`;
  }
  return messageOf(error);
}

/** One client must not hold all the connections. */
function limitPerAddress(server: Server, max: number): void {
  const counts = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (counts.get(address) ?? 0) + 1;
    if (count > max) return void socket.destroy();
    counts.set(address, count);
    socket.once("close", () => {
      const left = counts.get(address)! - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
  });
}
