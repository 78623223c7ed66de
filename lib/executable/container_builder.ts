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
  TmpfsMount,
} from "../engine/container_spec.ts";
import { type Executable, scriptPath } from "./executable.ts";
import { parseImageReference } from "../engine/image_reference.ts";
import { LABEL } from "../engine/labels.ts";
import { IMAGE_RUNTIME } from "./runtimes.ts";

/**
 * Longest configuration that is also passed in the environment, in bytes. The kernel limits one environment string to
 * 128 KiB, and all of them with the arguments to a quarter of the stack; a longer configuration is only in its file.
 */
const MAX_CONFIG_ENV_BYTES = 64 * 1024;

/** Part of its memory that a container may fill with state. */
const STATE_SHARE = 4;

type Draft = { -readonly [Key in keyof ContainerSpec]: ContainerSpec[Key] };

/**
 * Fluent builder of a {@linkcode ContainerSpec}. Starts from hardened defaults. Each `with…` method changes one part and
 * returns the builder.
 *
 * @example
 * ```ts
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
   * Sets environment, labels and command of an executable.
   *
   * @param executable A validated executable.
   */
  withExecutable(executable: Executable): this {
    const script = scriptPath(executable);
    const folder = codeMountDir(executable.entrypoint);
    const name = script ?? parseImageReference(executable.image ?? "").name;
    Object.assign(this.#draft, {
      env: { ...this.#draft.env, ...environment(executable, folder, script) },
      labels: {
        ...this.#draft.labels,
        [LABEL.id]: executable.id,
        [LABEL.entrypoint]: name.split("/").at(-1)!,
        [LABEL.segment]: String(executable.segment),
        ...(executable.state && { [LABEL.state]: JSON.stringify(executable.state) }),
      },
    });
    if (executable.runtime !== IMAGE_RUNTIME) {
      return this.withCommand(shellCommand(`${RUNNER_FOLDER}/${ENTRYPOINT_SCRIPT}`));
    }
    // The image may have no shell, and knows its own folder.
    delete this.#draft.workingDir;
    return this.withEnv({ STATE_DIR: STATE_MOUNT }).withCommand(executable.command ?? []);
  }

  /**
   * Sets the command. It replaces entrypoint and command of the image.
   *
   * @param command Program and arguments; empty for the image's own.
   */
  withCommand(command: readonly string[]): this {
    this.#draft.command = [...command];
    return this;
  }

  /**
   * Adds environment variables.
   *
   * @param env Names and values.
   */
  withEnv(env: Readonly<Record<string, string>>): this {
    this.#draft.env = { ...this.#draft.env, ...env };
    return this;
  }

  /**
   * Adds labels.
   *
   * @param labels Names and values.
   */
  withLabels(labels: Readonly<Record<string, string>>): this {
    this.#draft.labels = { ...this.#draft.labels, ...labels };
    return this;
  }

  /**
   * Sets the folders of the host to mount.
   *
   * @param binds The folders.
   */
  withBinds(binds: readonly BindMount[]): this {
    this.#draft.binds = [...binds];
    return this;
  }

  /**
   * Sets the folders in memory.
   *
   * @param tmpfs The folders.
   */
  withTmpfs(tmpfs: readonly TmpfsMount[]): this {
    this.#draft.tmpfs = [...tmpfs];
    return this;
  }

  /**
   * Sets the overlays over shared folders.
   *
   * @param overlays The overlays.
   */
  withOverlays(overlays: readonly OverlayMount[]): this {
    this.#draft.overlays = [...overlays];
    return this;
  }

  /**
   * Sets the resource limits.
   *
   * @param resources The limits.
   */
  withResources(resources: ResourceLimits): this {
    this.#draft.resources = { ...resources };
    return this;
  }

  /**
   * Sets how much of the output the engine keeps.
   *
   * @param logs The limits.
   */
  withLogs(logs: LogLimits): this {
    this.#draft.logs = { ...logs };
    return this;
  }

  /**
   * Sets user and privileges.
   *
   * @param security User and privileges.
   */
  withSecurity(security: SecuritySettings): this {
    this.#draft.security = { ...security };
    return this;
  }

  /**
   * Sets the network.
   *
   * @param network `host`, `bridge`, `none` or the name of a network.
   */
  withNetwork(network: string): this {
    this.#draft.network = network;
    return this;
  }

  /**
   * Sets whether the engine removes the container at its exit.
   *
   * @param autoRemove True loses the exit code and perhaps the last lines.
   */
  withAutoRemove(autoRemove: boolean): this {
    this.#draft.autoRemove = autoRemove;
    return this;
  }

  /** Builds the specification. Later changes of the builder do not affect it. */
  build(): ContainerSpec {
    const { network, resources, env, tmpfs, binds } = this.#draft;
    const isMounted = [...tmpfs, ...binds].some(({ target }) => target === STATE_MOUNT);
    const needsState = [STATE_DIR, STATE_MOUNT].includes(env.STATE_DIR ?? "") && !isMounted;
    return {
      ...this.#draft,
      hosts: hostNames(network),
      tmpfs: needsState
        ? [...tmpfs, { target: STATE_MOUNT, sizeBytes: Math.floor(resources.memoryBytes / STATE_SHARE) }]
        : tmpfs,
    };
  }
}

/** The contract asks for bash, or sh if the image has no bash, which only the container can tell. */
function shellCommand(script: string): string[] {
  return [
    "/bin/sh",
    "-c",
    'if [ -x /bin/bash ]; then exec /bin/bash "$0"; else exec /bin/sh "$0"; fi',
    script,
  ];
}

/**
 * Host name under which bots reach services of the host. On the host's network it is the loopback address, which also
 * reaches services that listen only there. A container without a network has no such name.
 */
function hostNames(network: string): Record<string, string> {
  if (network === "none" || network.startsWith("container:")) return {};
  return { "host.docker.internal": network === "host" ? "127.0.0.1" : "host-gateway" };
}

function environment(
  executable: Executable,
  folder: string,
  script: string | undefined,
): Record<string, string> {
  const prefix = executable.entrypoint.toUpperCase();
  const fits = new TextEncoder().encode(executable.config).length <= MAX_CONFIG_ENV_BYTES;
  return {
    ID: executable.id,
    [`${prefix}_ID`]: executable.id,
    ...(fits ? { CONFIG: executable.config, [`${prefix}_CONFIG`]: executable.config } : {}),
    CONFIG_FILE: `${RUNNER_FOLDER}/${CONFIG_FILE}`,
    ENTRYPOINT_TYPE: executable.entrypoint,
    CODE_MOUNT_DIR: folder,
    ...(script !== undefined && { SCRIPT_PATH: script }),
    PYTHONDONTWRITEBYTECODE: "1",
    HOME: WORKING_DIR,
    STATE_DIR,
    BOT_TYPE: executable.isLongRunning ? "realtime" : "scheduled",
  };
}
