/**
 * The connection to a Docker Engine.
 *
 * @module
 */

import { Agent } from "node:http";
// @ts-types="@types/dockerode"
import Docker from "dockerode";
import { withoutCredentials } from "../../util/connection_string.ts";
import { InvalidConfigError } from "../../errors.ts";

/**
 * Makes the connection that a `DockerodeOrchestrator` takes. Nothing is sent yet.
 *
 * @param dockerHost Where the engine is: `unix://` and the absolute path of its socket.
 * @returns The connection.
 * @throws {InvalidConfigError} If it is another kind of address.
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
  // Not kept alive: over a unix socket a new connection costs nothing that can be measured, and an old one
  // that the engine has closed would make the client send a request again.
  const agent = new Agent({ keepAlive: false });
  // The undefined ones keep dockerode from taking them from the environment.
  const options = { socketPath, host: undefined, port: undefined, protocol: "http", agent } as const;
  return new Docker(options);
}
