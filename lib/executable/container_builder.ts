/**
 * Builds the specification of a container, step by step.
 *
 * @module
 */

import {
  codeMountDir,
  CONFIG_FILE,
  ENTRYPOINT_SCRIPT,
  RUNNER_FOLDER,
  STATE_DIR,
  STATE_MOUNT,
  WORKING_DIR,
} from "./container_layout.ts";
import type {
  BindMount,
  ContainerSpec,
  LogLimits,
  OverlayMount,
  ResourceLimits,
  SecuritySettings,
} from "../engine/container_spec.ts";
import { type Executable, scriptPath } from "./executable.ts";
import { LABEL } from "../engine/labels.ts";

/**
 * The kernel limits one environment string to 128 KiB, and all of them together with the arguments share the
 * stack's quarter: a longer configuration travels in its file only.
 */
const MAX_CONFIG_ENV_BYTES = 64 * 1024;

/** The part of its memory that a container may fill with state. */
const STATE_SHARE = 4;

type Draft = { -readonly [Key in keyof ContainerSpec]: ContainerSpec[Key] };

/**
 * Fluent builder of a {@linkcode ContainerSpec}. Starts from the hardened defaults; each `with…` replaces one
 * part and returns the builder.
 *
 * @example
 * ```ts
 * import { ContainerBuilder } from "@berth/runner";
 *
 * const spec = new ContainerBuilder("my-container", "python:3.11-slim")
 *   .withCommand(["python3", "-c", "print('hello')"])
 *   .withResources({ memoryBytes: 256 * 1024 * 1024, cpuShares: 512, pids: 64 })
 *   .build();
 * console.assert(spec.security.capabilities.length === 0);
 * ```
 */
export class ContainerBuilder {
  readonly #draft: Draft;

  /**
   * @param name Name of the container.
   * @param image Reference of its image.
   */
  constructor(name: string, image: string) {
    this.#draft = {
      name,
      image,
      command: [],
      env: {},
      labels: { [LABEL.managed]: "true" },
      binds: [],
      tmpfs: [],
      hosts: {},
      overlays: [],
      workingDir: WORKING_DIR,
      network: "host",
      resources: { memoryBytes: 512 * 1024 * 1024, cpuShares: 512, pids: 256 },
      logs: { maxSizeBytes: 10 * 1024 * 1024, maxFiles: 3 },
      security: { user: "65532:65532", capabilities: [], allowNewPrivileges: false },
      autoRemove: false,
    };
  }

  /**
   * What is run: its environment, its labels and the command that runs its entrypoint script.
   *
   * @param executable A validated executable.
   */
  withExecutable(executable: Executable): this {
    const script = scriptPath(executable);
    const folder = codeMountDir(executable.entrypoint);
    Object.assign(this.#draft, {
      env: { ...this.#draft.env, ...environment(executable, folder, script) },
      labels: {
        ...this.#draft.labels,
        [LABEL.id]: executable.id,
        [LABEL.entrypoint]: script.split("/").at(-1)!,
        [LABEL.segment]: String(executable.segment),
      },
    });
    return this.withCommand(shellCommand(`${RUNNER_FOLDER}/${ENTRYPOINT_SCRIPT}`));
  }

  /**
   * Sets what is run; replaces entrypoint and command of the image.
   *
   * @param command Program and arguments.
   */
  withCommand(command: readonly string[]): this {
    this.#draft.command = [...command];
    return this;
  }

  /**
   * Adds environment variables.
   *
   * @param env Variables that are added.
   */
  withEnv(env: Readonly<Record<string, string>>): this {
    this.#draft.env = { ...this.#draft.env, ...env };
    return this;
  }

  /**
   * Adds labels.
   *
   * @param labels Labels that are added.
   */
  withLabels(labels: Readonly<Record<string, string>>): this {
    this.#draft.labels = { ...this.#draft.labels, ...labels };
    return this;
  }

  /**
   * Sets which folders of the host it sees.
   *
   * @param binds Folders of the host.
   */
  withBinds(binds: readonly BindMount[]): this {
    this.#draft.binds = [...binds];
    return this;
  }

  /**
   * Sets which shared folders it sees through views of its own.
   *
   * @param overlays The views.
   */
  withOverlays(overlays: readonly OverlayMount[]): this {
    this.#draft.overlays = [...overlays];
    return this;
  }

  /**
   * Sets what it may use.
   *
   * @param resources What the container may use.
   */
  withResources(resources: ResourceLimits): this {
    this.#draft.resources = { ...resources };
    return this;
  }

  /**
   * Sets how its output is kept.
   *
   * @param logs How its output is kept.
   */
  withLogs(logs: LogLimits): this {
    this.#draft.logs = { ...logs };
    return this;
  }

  /**
   * Sets how far it is closed off.
   *
   * @param security How far it is closed off.
   */
  withSecurity(security: SecuritySettings): this {
    this.#draft.security = { ...security };
    return this;
  }

  /**
   * Sets its network.
   *
   * @param network Name of the network: `host`, `bridge`, `none` or one of the user's.
   */
  withNetwork(network: string): this {
    this.#draft.network = network;
    return this;
  }

  /**
   * Sets whether the engine removes it at its exit.
   *
   * @param autoRemove Whether the engine removes it at its exit: exit code and last lines may then be lost.
   */
  withAutoRemove(autoRemove: boolean): this {
    this.#draft.autoRemove = autoRemove;
    return this;
  }

  /** The specification. The builder can go on being used; what was built does not change any more. */
  build(): ContainerSpec {
    const { network, resources, env } = this.#draft;
    const hasState = env.STATE_DIR === STATE_DIR;
    return {
      ...this.#draft,
      hosts: hostNames(network),
      tmpfs: hasState
        ? [{ target: STATE_MOUNT, sizeBytes: Math.floor(resources.memoryBytes / STATE_SHARE) }]
        : [],
    };
  }
}

/** The contract asks for bash, and for sh on images that have none: only the container knows which. */
function shellCommand(script: string): string[] {
  return [
    "/bin/sh",
    "-c",
    'if [ -x /bin/bash ]; then exec /bin/bash "$0"; else exec /bin/sh "$0"; fi',
    script,
  ];
}

/**
 * The name under which bots find services of the host. On the host's own network that is the loopback address, which
 * also reaches what listens there alone; a container without a network of its own has no such name.
 */
function hostNames(network: string): Record<string, string> {
  if (network === "none" || network.startsWith("container:")) return {};
  return { "host.docker.internal": network === "host" ? "127.0.0.1" : "host-gateway" };
}

function environment(executable: Executable, folder: string, script: string): Record<string, string> {
  const prefix = executable.entrypoint.toUpperCase();
  const fits = new TextEncoder().encode(executable.config).length <= MAX_CONFIG_ENV_BYTES;
  return {
    ID: executable.id,
    [`${prefix}_ID`]: executable.id,
    ...(fits ? { CONFIG: executable.config, [`${prefix}_CONFIG`]: executable.config } : {}),
    CONFIG_FILE: `${RUNNER_FOLDER}/${CONFIG_FILE}`,
    ENTRYPOINT_TYPE: executable.entrypoint,
    CODE_MOUNT_DIR: folder,
    SCRIPT_PATH: script,
    PYTHONDONTWRITEBYTECODE: "1",
    HOME: WORKING_DIR,
    STATE_DIR,
    BOT_TYPE: executable.isLongRunning ? "realtime" : "scheduled",
  };
}
