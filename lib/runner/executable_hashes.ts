/**
 * Hashes what shapes the container of an executable, the same on one host and on a cluster.
 *
 * @module
 */

import { type Executable, imageOf } from "../executable/executable.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { limitsOf } from "./limit_bounds.ts";
import { canonicalJson, specHash } from "./spec_hash.ts";
import { hashParts } from "./spec_parts.ts";

/** Hashes executables under one configuration. */
export class ExecutableHashes {
  readonly #config: DockerRunnerConfig;
  readonly #user: string;

  /** @param config The configuration. @param user How bots get users, see `BotUsers.spec`. */
  constructor(config: DockerRunnerConfig, user: string) {
    this.#config = config;
    this.#user = user;
  }

  /**
   * Hashes everything that shapes the container of an executable.
   *
   * @param executable A validated executable.
   */
  whole(executable: Executable): string {
    const { images, logs, capabilities, allowNewPrivileges } = this.#config;
    const { id: _id, segment: _segment, limits: _limits, network: _network, config, ...rest } = executable;
    return specHash({
      ...rest,
      config: canonicalJson(config),
      image: imageOf(executable, images),
      logs,
      ...limitsOf(executable, this.#config),
      capabilities,
      allowNewPrivileges,
      user: this.#user,
    });
  }

  /**
   * Hashes the parts of the same, each by itself.
   *
   * @param executable A validated executable.
   */
  parts(executable: Executable): string {
    const { images, logs, capabilities, allowNewPrivileges } = this.#config;
    const { id: _id, segment: _segment, limits: _limits, network: _network, config, ...rest } = executable;
    const { filePath, version, entrypoint, entrypointFiles, dependencies, runtime, ...settings } = rest;
    return hashParts({
      code: { filePath, version, entrypoint, entrypointFiles, dependencies },
      runtime: { runtime, image: images[runtime] },
      config: canonicalJson(config),
      limits: limitsOf(executable, this.#config),
      settings,
      service: { logs, capabilities, allowNewPrivileges, user: this.#user },
    });
  }
}
