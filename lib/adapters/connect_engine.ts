/**
 * The connection to a Docker Engine on a socket of this machine, over Node's own HTTP client.
 *
 * Of dockerode the adapter needs one method, `modem.dial()`. Loading dockerode brings gRPC, Protocol Buffers and an
 * SSH client along: 20 MB and a quarter of a second at each start. It remains usable as a connection.
 *
 * @module
 */

import { Agent, type RequestOptions } from "node:http";
import { withoutCredentials } from "../connection_string.ts";
import { InvalidConfigError } from "../errors.ts";
import { type DialCallback, type DialOptions, send } from "./dockerode_dial.ts";

/** A connection to an engine: one from {@linkcode connectEngine}, or an instance of dockerode. */
export interface EngineConnection {
  /** What sends requests. */
  readonly modem: {
    /** Makes a request of what dockerode's `modem.dial()` takes, and sends it. */
    // deno-lint-ignore no-explicit-any -- dockerode's own type takes and gives `any`.
    dial(options: any, callback: (error: any, response: any) => void): void;
  };
}

/**
 * Makes the connection that a `DockerodeOrchestrator` takes. Nothing is sent yet.
 *
 * @param dockerHost Where the engine is: `unix://` and the absolute path of its socket.
 * @returns The connection.
 * @throws {InvalidConfigError} If it is another kind of address.
 */
export function connectEngine(dockerHost: string): EngineConnection {
  return { modem: new UnixModem(socketPathOf(dockerHost)) };
}

/**
 * Reads the address of an engine.
 *
 * @param dockerHost `unix://` and the absolute path of its socket.
 * @returns The path.
 * @throws {InvalidConfigError} If it is another kind of address.
 */
export function socketPathOf(dockerHost: string): string {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1];
  if (socketPath !== undefined) return socketPath;
  throw new InvalidConfigError([
    `DOCKER_HOST must be 'unix://' and the path of a socket on this host, for example ` +
    `'unix:///var/run/docker.sock': bots see folders of this host. It is '${
      withoutCredentials(dockerHost)
    }'.`,
  ]);
}

/** Sends requests to a socket. */
class UnixModem {
  readonly socketPath: string;
  // Not kept alive: over a unix socket a new connection costs nothing that can be measured, and an old one
  // that the engine has closed would make the client send a request again.
  readonly agent: Agent = new Agent({ keepAlive: false });

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  dial({ path, method, options: { _query, _body }, abortSignal }: DialOptions, callback: DialCallback): void {
    const query = new URLSearchParams(
      Object.entries(_query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const json = method === "POST" ? JSON.stringify(_body) : "{}";
    // An empty object stands for no body.
    const body = json === "{}" ? undefined : json;
    this.buildRequest(
      {
        socketPath: this.socketPath,
        agent: this.agent,
        path: query.size > 0 ? `${path}${query}` : path.replace(/\?$/, ""),
        method,
        signal: abortSignal,
        headers: body === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      {},
      body,
      callback,
    );
  }

  buildRequest(
    options: RequestOptions,
    _context: object,
    body: string | undefined,
    callback: DialCallback,
  ): void {
    send("http", options, body, callback);
  }
}
