/**
 * The configuration of one command's session.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type DockerRunnerConfig, parseDockerRunnerConfig } from "../lib/docker_runner_config.ts";

/**
 * The user's configuration under an instance name of the command's own, so that it touches nothing of the
 * service's. Its name depends on what the command works on: the next one finds what a killed one left.
 *
 * @param env The environment, as far as it is configuration.
 * @param command Name of the command.
 * @param subject What it works on, where two of these commands may run side by side.
 * @throws {InvalidConfigError} with every problem at once.
 */
export function sessionConfig(
  env: Readonly<Record<string, string | undefined>>,
  command: string,
  subject?: string,
): DockerRunnerConfig {
  const suffix = subject === undefined
    ? ""
    : `-${createHash("sha256").update(subject).digest("hex").slice(0, 8)}`;
  return { ...parseDockerRunnerConfig(env), instance: `${command}${suffix}` };
}
