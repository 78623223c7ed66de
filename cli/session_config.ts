/**
 * The configuration of one command's session.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { parseDockerRunnerConfig } from "../lib/runner/parse_docker_runner_config.ts";

/**
 * Gives the user's configuration an instance name of the command's own, so that the command touches nothing
 * of the service's. The name depends on the command, its subject and the folders, so that the next session
 * finds what a killed one left.
 *
 * @param env The environment variables that are configuration.
 * @param command Name of the command.
 * @param subject The thing that the command works on, if two such commands may run side by side.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 */
export function sessionConfig(
  env: Readonly<Record<string, string | undefined>>,
  command: string,
  subject: string = "",
): DockerRunnerConfig {
  const config = parseDockerRunnerConfig(env);
  // Sessions with different folders do not see each other's locks, so they must not share a name and take
  // each other's containers for leftovers. The user's own instance name counts too: it lets two sessions of
  // one folder run side by side.
  const place = `${config.tempDir}\0${subject}\0${config.instance}`;
  const suffix = createHash("sha256").update(place).digest("hex").slice(0, 8);
  return { ...config, instance: `${command}-${suffix}` };
}
