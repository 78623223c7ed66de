/**
 * Connects to a Docker Engine.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
// @ts-types="@types/dockerode"
import Docker from "dockerode";
import { withoutCredentials } from "../../util/connection_string.ts";
import { InvalidConfigError, messageOf } from "../../errors.ts";
import type { EngineAddress } from "../engine_address.ts";

/**
 * Creates the connection of a `DockerodeOrchestrator`. Sends nothing yet.
 *
 * @param dockerHost Address of the engine: `unix://` and the absolute path of its socket.
 * @returns The connection.
 * @throws {InvalidConfigError} If the address is not that of a local socket.
 */
export function connectDocker(dockerHost: string): Docker {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1];
  if (socketPath === undefined) {
    throw new InvalidConfigError([{
      path: "DOCKER_HOST",
      message: "must be 'unix://' and the path of a socket on this host, for example " +
        "'unix:///var/run/docker.sock', since bots see folders of this host " +
        `(is '${withoutCredentials(dockerHost)}')`,
    }]);
  }
  return connectEngine({ socketPath });
}

/** A connection to an engine. */
export type EngineConnection = Docker;

/** Files with which Berth and an engine recognize each other, as PEM. */
export interface EngineTls {
  /** Path of the authority of the engine's certificate. */
  readonly caFile: string;
  /** Path of Berth's certificate. */
  readonly certFile: string;
  /** Path of its key. */
  readonly keyFile: string;
}

/**
 * Creates the connection to an engine anywhere. Sends nothing yet.
 *
 * @param address Where it listens.
 * @param tls Files for an engine over TCP. @default {without TLS}
 * @returns The connection.
 * @throws {InvalidConfigError} If a file cannot be read.
 */
export function connectEngine(address: EngineAddress, tls?: EngineTls): Docker {
  if (address.host !== undefined && tls) {
    const files = { ca: read(tls.caFile), cert: read(tls.certFile), key: read(tls.keyFile) };
    const agent = new TlsAgent({ keepAlive: false, ...files });
    const options = { ...address, socketPath: undefined, protocol: "https", agent, ...files } as const;
    return new Docker(options);
  }
  // Not kept alive: a new connection over a unix socket costs nothing measurable, and the client would repeat a request
  // on an old one that the engine has closed.
  const agent = new Agent({ keepAlive: false });
  // The undefined options keep dockerode from reading them from the environment.
  const where = address.host === undefined
    ? { socketPath: address.socketPath, host: undefined, port: undefined }
    : { ...address, socketPath: undefined };
  const options = { ...where, protocol: "http", agent } as const;
  return new Docker(options);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidConfigError([{
      path: "DOCKER_CERT_PATH",
      message: `must hold ca.pem, cert.pem and key.pem, and '${path}' cannot be read: ${messageOf(error)}`,
    }]);
  }
}
