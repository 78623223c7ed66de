/**
 * One start, from the description to the running container.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Workspaces } from "../code/workspaces.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerSpec } from "../engine/container_spec.ts";
import { LABEL } from "../engine/labels.ts";
import {
  ContainerConflictError,
  EngineError,
  EngineUnavailableError,
  ImageUnavailableError,
  StartInterruptedError,
} from "../errors.ts";
import { accountEnvironment } from "../executable/accounts.ts";
import { ContainerBuilder } from "../executable/container_builder.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { StartSource } from "../executable/start_source.ts";
import { botUserKey, type BotUsers } from "../users/bot_users.ts";
import type { FileOwner } from "../util/files.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { allSettledOrThrow } from "../util/promises.ts";
import { Limiter } from "../util/limiter.ts";
import type { CodeMounter, MountCodeOptions } from "./code_mounter.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import type { ContainerRemover } from "./container_remover.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { ExecutableHashes } from "./executable_hashes.ts";
import type { RunningResult } from "./execution_result.ts";
import { toManagedContainer } from "./managed_container.ts";
import { limitsOf } from "./limit_bounds.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { PreparedWorkspaces } from "./prepared_workspaces.ts";
import type { StartContainerOptions } from "./runner.ts";
import type { RunnerMeter } from "./runner_meter.ts";
import { namedContainer, standingContainer, type StartTarget } from "./standing_containers.ts";
import { slotEnvironment, startLabels, startTargetOf, toRunning } from "./start_target.ts";
import { measureStart } from "./measure_start.ts";

/** How long to wait for the engine to say what became of a failed start, in ms. */
const STATUS_TIMEOUT_MS = 5_000;
/**
 * Longest time for which a start holds up the next one, in ms. If all prepared their files first, the engine would have
 * nothing to do meanwhile; a start that waits for a server that hangs holds up none for longer.
 */
const LEAD_MS = 100;

/** Parts of a {@linkcode ContainerStarter}. */
export interface ContainerStarterOptions {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** Fills workspaces with code. */
  readonly mounter: CodeMounter;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
  /** Those of runs, filled before they are due. */
  readonly prepared: Pick<PreparedWorkspaces, "take">;
  /** Cleans up after a failed start. */
  readonly remover: ContainerRemover;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Finds the runner's containers. */
  readonly containers: OwnContainers;
  /** Prepare what a container needs besides its code. */
  readonly sources: readonly StartSource[];
  /** Users that bots run as. */
  readonly users: BotUsers;
  /** Hash executables. */
  readonly hashes: ExecutableHashes;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter;
}

/** Starts containers. A start that fails at any step leaves neither a container nor a folder. */
export class ContainerStarter {
  readonly #options: ContainerStarterOptions;
  readonly #limit: Limiter;
  readonly #lead: Limiter;
  readonly #names = new KeyedMutex();
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ContainerStarterOptions}. */
  constructor(options: ContainerStarterOptions) {
    this.#options = options;
    this.#limit = new Limiter(options.config.startConcurrency);
    this.#lead = new Limiter(options.config.startConcurrency);
  }

  /** Hashes executables. */
  get hashes(): ExecutableHashes {
    return this.#options.hashes;
  }

  /**
   * Makes sure that a container runs.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode StartContainerOptions}.
   * @throws {ContainerConflictError} If a container with another specification, or one that has exited, has the name.
   * @throws {InvalidExecutableError} If it asks for more than the operator allows.
   */
  async start(executable: Executable, options: StartContainerOptions): Promise<RunningResult> {
    const target = startTargetOf(executable, options, this.#options.config, this.hashes);
    // The engine reserves a name before it lists the container: two starts at once would both fail to find it.
    return await this.#names.run(target.name, () => this.#measured(target, executable, options));
  }

  async #measured(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<RunningResult> {
    const { meter } = this.#options;
    return await measureStart(
      meter,
      target.kind,
      options.signal,
      () => this.#lead.run(() => this.#start(target, executable, options), options.signal, LEAD_MS),
    );
  }

  async #start(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<RunningResult> {
    const { workspaces, remover, config, containers } = this.#options;
    const { name, kind, specHash: hash } = target;
    const { signal } = options;
    signal?.throwIfAborted();
    const standing = await standingContainer(target, containers, signal);
    if (standing) return toRunning(standing, false);
    const image = imageOf(executable, config.images);
    const ready = kind === "run" ? this.#options.prepared.take(executable) : undefined;
    const folder = ready?.folder ?? await workspaces.create(`${kind}-${executable.id}`);
    let isAsked = false;
    const onRequest = () => {
      isAsked = true;
    };
    try {
      const info = await this.#startNew(target, executable, {
        ...options,
        folder,
        filled: ready?.filled,
        onRequest,
      });
      workspaces.release(folder);
      this.#log.debug("container started", { container: name, image, specHash: hash });
      return toRunning(toManagedContainer(info), true);
    } catch (error) {
      const mayExist = isAsked && !provesAbsence(error) && await this.#mayExist(name, folder);
      if (mayExist) workspaces.release(folder);
      else await remover.discardFolder(folder, image);
      if (!(error instanceof ContainerConflictError)) throw error;
      const existing = await this.#existing(target, error, signal);
      return existing ?? await this.#start(target, executable, options);
    }
  }

  async #startNew(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions & Pick<MountCodeOptions, "folder" | "filled"> & {
      readonly onRequest: () => void;
    },
  ): Promise<ContainerInfo> {
    const { config, users, sources, mounter, workspaces } = this.#options;
    const { name, kind } = target;
    const { folder, filled, signal, onRequest } = options;
    const image = imageOf(executable, config.images);
    const user = await users.ownerOf(botUserKey(config.instance, executable.id), signal);
    const labels = startLabels(executable, target, options, {
      specParts: this.hashes.parts(executable),
      folder,
      uid: user.uid,
    });
    const context = { workspace: workspaces.path(folder), kind, user, ...(signal && { signal }) };
    const parts = await allSettledOrThrow(sources.map((source) => source.prepare(executable, context)));
    return await mounter.mount(executable, { folder, user, filled, signal }, (mounted) => {
      const spec = this.#builder(executable, name, image, user)
        .withExecutable(executable)
        .withEnv({
          ...mounted.env,
          ...Object.assign({}, ...parts.map(({ env }) => env)),
          ...slotEnvironment(options.slotTime),
          ...accountEnvironment(options.accountEpochs),
        })
        .withBinds([...mounted.binds, ...parts.flatMap(({ binds = [] }) => binds)])
        .withTmpfs(parts.flatMap(({ tmpfs = [] }) => tmpfs))
        .withOverlays(mounted.overlays)
        .withLabels({ ...labels, [LABEL.code]: mounted.sha256 })
        .build();
      return this.#limit.run(() => {
        onRequest();
        return this.#createAndStart(spec, options);
      }, signal);
    });
  }

  /** The container that has the name of a start; `undefined` once it has been removed. */
  async #existing(
    target: StartTarget,
    conflict: ContainerConflictError,
    signal?: AbortSignal,
  ): Promise<RunningResult | undefined> {
    const { orchestrator, remover, containers } = this.#options;
    const info = await orchestrator.getStatus(target.name, { signal });
    if (!info) throw conflict;
    const existing = await namedContainer(target, info, containers, conflict);
    if (existing) return toRunning(existing, false);
    // A start that was cut off when the engine or Berth was killed left it: nobody else will start it.
    await remover.remove(info, signal);
    return undefined;
  }

  /**
   * Whether the container of a failed start exists, or the engine does not say. Its folder then stays: a container must
   * not run without its code. If the container exists, it is removed as far as possible.
   */
  async #mayExist(name: string, folder: string): Promise<boolean> {
    const { orchestrator, remover } = this.#options;
    try {
      const signal = AbortSignal.timeout(STATUS_TIMEOUT_MS);
      const info = await orchestrator.getStatus(name, { signal });
      if (info?.labels[LABEL.folder] === folder) await remover.remove(info, signal);
      return false;
    } catch (error) {
      this.#log.warn("result of a start not known yet", { container: name, folder, error });
      return true;
    }
  }

  /** Pulls an image only if the engine misses it: a start with a present image costs no request. */
  async #createAndStart(
    spec: ContainerSpec,
    { signal, beforeStart }: StartContainerOptions,
  ): Promise<ContainerInfo> {
    const { orchestrator } = this.#options;
    const options = { signal, beforeStart };
    try {
      return await orchestrator.createAndStart(spec, options);
    } catch (error) {
      // An image for another platform is there, and refused.
      if (!(error instanceof ImageUnavailableError) || error.reason !== "not-found") throw error;
      await orchestrator.pullImage(spec.image, { signal });
      return await orchestrator.createAndStart(spec, options);
    }
  }

  #builder(
    executable: Executable,
    name: string,
    image: string,
    { uid, gid }: FileOwner,
  ): ContainerBuilder {
    const { config, ownership } = this.#options;
    const { logs, capabilities, allowNewPrivileges } = config;
    const { resources, network } = limitsOf(executable, config);
    return new ContainerBuilder(name, image)
      // A state has a limit of its own.
      .withResources({ ...resources, ...(executable.state && { fileBytes: executable.state.maxBytes }) })
      .withLogs(logs)
      .withNetwork(network)
      .withSecurity({ user: `${uid}:${gid}`, capabilities, allowNewPrivileges })
      .withLabels(ownership.ownLabels);
  }
}

/** Whether a start that failed with this error has certainly left no container. */
function provesAbsence(error: unknown): boolean {
  if (error instanceof EngineUnavailableError) return !(error instanceof StartInterruptedError);
  return error instanceof EngineError || error instanceof ImageUnavailableError ||
    error instanceof ContainerConflictError;
}
