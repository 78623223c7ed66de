/**
 * Connects to a Docker Engine.
 *
 * @module
 */

import { Agent } from "node:http";
// @ts-types="@types/dockerode"
import Docker from "dockerode";
import { withoutCredentials } from "../../util/connection_string.ts";
import { InvalidConfigError } from "../../errors.ts";

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
  // Not kept alive: a new connection over a unix socket costs nothing measurable, and the client would repeat a request
  // on an old one that the engine has closed.
  const agent = new Agent({ keepAlive: false });
  // The undefined options keep dockerode from reading them from the environment.
  const options = { socketPath, host: undefined, port: undefined, protocol: "http", agent } as const;
  return new Docker(options);
}
