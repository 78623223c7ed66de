/**
 * The connection to a Docker Engine over dockerode, for those who use its other methods too.
 *
 * @module
 */

import { Agent } from "node:http";
// @ts-types="@types/dockerode"
import Docker from "dockerode";
import { socketPathOf } from "./connect_engine.ts";

/**
 * Makes the connection that a `DockerodeOrchestrator` takes. Nothing is sent yet.
 *
 * @param dockerHost Where the engine is: `unix://` and the absolute path of its socket.
 * @returns The connection.
 * @throws {InvalidConfigError} If it is another kind of address.
 */
export function connectDocker(dockerHost: string): Docker {
  const socketPath = socketPathOf(dockerHost);
  // Not kept alive: over a unix socket a new connection costs nothing that can be measured, and an old one
  // that the engine has closed would make the client send a request again.
  const agent = new Agent({ keepAlive: false });
  // The undefined ones keep dockerode from taking them from the environment.
  const options = { socketPath, host: undefined, port: undefined, protocol: "http", agent } as const;
  return new Docker(options);
}
