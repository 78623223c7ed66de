/**
 * The configuration of one command's session.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { parseDockerRunnerConfig } from "../lib/runner/parse_docker_runner_config.ts";

/**
 * The user's configuration under an instance name of the command's own, so that it touches nothing of the
 * service's. Its name depends on what the command works on, and where: the next one finds what a killed one left.
 *
 * @param env The environment, as far as it is configuration.
 * @param command Name of the command.
 * @param subject What it works on, where two of these commands may run side by side.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 */
export function sessionConfig(
  env: Readonly<Record<string, string | undefined>>,
  command: string,
  subject: string = "",
): DockerRunnerConfig {
  const config = parseDockerRunnerConfig(env);
  // Two with different folders see no lock of each other's, and must not take each other's containers for leftovers.
  // The user's own instance name counts too: whoever wants two of one folder side by side gives them two names.
  const place = `${config.tempDir}\0${subject}\0${config.instance}`;
  const suffix = createHash("sha256").update(place).digest("hex").slice(0, 8);
  return { ...config, instance: `${command}-${suffix}` };
}
