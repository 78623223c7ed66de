/**
 * One start, from the description to the running container.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { botUserKey, type BotUsers } from "../users/bot_users.ts";
import type { CodeManager } from "../code/code_manager.ts";
import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import type { CodeView, CodeViews } from "../code/code_views.ts";
import { containerName } from "./container_name.ts";
import { ContainerBuilder } from "../executable/container_builder.ts";
import { codeMountDir, RUNNER_FOLDER } from "../executable/container_layout.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import type { ContainerRemover } from "./container_remover.ts";
import type { ContainerSpec } from "../engine/container_spec.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import {
  ContainerConflictError,
  EngineError,
  EngineUnavailableError,
  ImageUnavailableError,
  StartInterruptedError,
} from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import type { RunningResult } from "./execution_result.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import { Limiter } from "../util/limiter.ts";
import { toManagedContainer } from "./managed_container.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { PrivateFolders } from "../code/private_folders.ts";
import type { ManagedContainer, PrepareOptions, StartContainerOptions } from "./runner.ts";
import type { UserFiles } from "../users/user_files.ts";
import type { ScriptManager } from "../executable/script_manager.ts";
import { canonicalJson, specHash } from "./spec_hash.ts";
import { namedContainer, standingContainer, type StartTarget } from "./standing_containers.ts";

/** How long an engine is asked what became of a start without a clear end, in ms. */
const ANSWER_MS = 5_000;

/** What a {@linkcode ContainerStarter} needs. */
export interface ContainerStarterOptions {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** What brings the code. */
  readonly code: CodeManager;
  /** What adds the runner's own files. */
  readonly scripts: ScriptManager;
  /** What shows it to containers. */
  readonly views: CodeViews;
  /** What compiles it ahead; absent: nobody does. */
  readonly bytecode?: BytecodeLayers;
  /** Where the private folders are. */
  readonly folders: PrivateFolders;
  /** What cleans up after a start that failed. */
  readonly remover: ContainerRemover;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /** What finds them. */
  readonly containers: OwnContainers;
  /** What gives that user a name. */
  readonly userFiles: UserFiles;
  /** Users that bots run as. */
  readonly users: BotUsers;
  /** Whether the code is given to its user: only root may. */
  readonly giveAway: boolean;
}

/** Starts containers: a start that fails at any step leaves neither container nor folder. */
export class ContainerStarter {
  readonly #options: ContainerStarterOptions;
  readonly #limit: Limiter;
  readonly #names = new KeyedMutex();
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param options See {@linkcode ContainerStarterOptions}.
   */
  constructor(options: ContainerStarterOptions) {
    this.#options = options;
    this.#limit = new Limiter(options.config.startConcurrency);
  }

  /**
   * Hashes everything that shapes the container of an executable.
   *
   * @param executable A validated executable.
   */
  specHash(executable: Executable): string {
    const { images, resources, logs, network, capabilities, allowNewPrivileges } = this.#options.config;
    const { id: _id, segment: _segment, config, ...rest } = executable;
    return specHash({
      ...rest,
      config: canonicalJson(config),
      image: images[executable.runtime],
      resources,
      logs,
      network,
      capabilities,
      allowNewPrivileges,
      user: this.#options.users.spec,
    });
  }

  /**
   * Does ahead of a start what need not be done within it.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode PrepareOptions}.
   */
  async prepare(executable: Executable, { replaces, signal }: PrepareOptions = {}): Promise<void> {
    const { code, bytecode, orchestrator, config } = this.#options;
    const options = { ...(signal && { signal }) };
    const image = config.images[executable.runtime]!;
    code.warmUp();
    await Promise.all([
      orchestrator.pullImage(image, options),
      code.fetchAndExtract(executable, () => Promise.resolve(), options),
    ]);
    if (!bytecode) return;
    using live = replaces ? whileRunning(orchestrator, replaces, signal) : undefined;
    const compiling = live?.signal ?? signal;
    await code.fetchAndExtract(
      executable,
      ({ tree }) => bytecode.make(tree, image, runtimeOf(executable), compiling),
      options,
    );
    signal?.throwIfAborted();
  }

  /**
   * Makes sure that a container runs.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode StartContainerOptions}.
   * @throws {ContainerConflictError} when the name is taken by another specification, or by a container that has exited.
   */
  start(executable: Executable, options: StartContainerOptions): Promise<RunningResult> {
    const kind = kindOf(executable, options.slot);
    const { id, segment } = executable;
    const { slot } = options;
    const name = containerName(this.#options.config.instance, kind, id, slot);
    const target: StartTarget = { name, kind, id, slot, segment, specHash: this.specHash(executable) };
    // The engine knows a name before it shows the container: two starts at once would both fail to find it.
    return this.#names.run(name, () => this.#start(target, executable, options));
  }

  async #start(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<RunningResult> {
    const { folders, remover, config, containers, users } = this.#options;
    const { name, kind, specHash: hash } = target;
    options.signal?.throwIfAborted();
    const there = await standingContainer(target, containers, options.signal);
    if (there) return toRunning(there, false);
    const image = config.images[executable.runtime]!;
    const folder = await folders.create(`${kind}-${executable.id}`);
    let isAsked = false;
    try {
      const owner = await users.ownerOf(botUserKey(config.instance, executable.id), options.signal);
      const labels = {
        [LABEL.kind]: kind,
        [LABEL.specHash]: hash,
        [LABEL.attempt]: String(options.attempt ?? 1),
        [LABEL.folder]: folder,
        [LABEL.uid]: String(owner.uid),
        ...(options.slot !== undefined && { [LABEL.slot]: options.slot }),
        ...(options.logIntervalSeconds !== undefined && {
          [LABEL.logInterval]: String(options.logIntervalSeconds),
        }),
      };
      const userFiles = await this.#options.userFiles.mounts(owner);
      const info = await this.#withCode(executable, folder, owner, options.signal, (view, script, sha256) => {
        const spec = this.#builder(name, image, owner)
          .withExecutable(executable)
          .withEnv({ SCRIPT_PATH: script, ...slotEnvironment(options.slotTime) })
          .withBinds([...view.binds, {
            source: runnerFolder(folders, folder),
            target: RUNNER_FOLDER,
            readOnly: true,
          }, ...userFiles])
          .withOverlays(view.overlays)
          .withLabels({ ...labels, [LABEL.code]: sha256 })
          .build();
        return this.#limit.run(() => {
          isAsked = true;
          return this.#createAndStart(spec, options);
        }, options.signal);
      });
      folders.release(folder);
      this.#log.debug("container started", { container: name, image, specHash: hash });
      return toRunning(toManagedContainer(info), true);
    } catch (error) {
      const mayBeThere = isAsked && !provesAbsence(error) && await this.#mayBeThere(name, folder);
      if (mayBeThere) folders.release(folder);
      else await remover.discardFolder(folder, image);
      if (!(error instanceof ContainerConflictError)) throw error;
      const existing = await this.#existing(target, error, options.signal);
      return existing ?? await this.#start(target, executable, options);
    }
  }

  /** What stands at the name of a start; `undefined` once it has been removed. */
  async #existing(
    target: StartTarget,
    conflict: ContainerConflictError,
    signal?: AbortSignal,
  ): Promise<RunningResult | undefined> {
    const { orchestrator, remover, containers } = this.#options;
    const info = await orchestrator.getStatus(target.name, { ...(signal && { signal }) });
    if (!info) throw conflict;
    const there = await namedContainer(target, info, containers, conflict);
    if (there) return toRunning(there, false);
    // Left by a start in the middle of which the engine or Berth was killed: nobody else will start it.
    await remover.remove(info, signal);
    return undefined;
  }

  /**
   * Whether the container of a start without a clear end is there, or the engine does not say. Its folder then
   * stays: a container whose code is gone must not run on. One that is there is removed, if it can be.
   */
  async #mayBeThere(name: string, folder: string): Promise<boolean> {
    const { orchestrator, remover } = this.#options;
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const info = await orchestrator.getStatus(name, { signal });
      if (info?.labels[LABEL.folder] === folder) await remover.remove(info, signal);
      return false;
    } catch (error) {
      this.#log.warn("what became of a start is not known yet", { container: name, folder, error });
      return true;
    }
  }

  /** Makes what a container sees of its code. An engine that cannot mount it is asked once more, with a copy. */
  #withCode(
    executable: Executable,
    folder: string,
    user: FileOwner,
    signal: AbortSignal | undefined,
    start: (view: CodeView, script: string, sha256: string) => Promise<ContainerInfo>,
  ): Promise<ContainerInfo> {
    const { code, scripts, views, bytecode, folders, giveAway, config } = this.#options;
    const path = folders.path(folder);
    const owner = giveAway ? user : undefined;
    const given = { ...(signal && { signal }) };
    return code.fetchAndExtract(executable, async ({ tree, script }) => {
      const runner = runnerFolder(folders, folder);
      const layer = await bytecode?.find(tree, config.images[executable.runtime]!);
      // Without it the code runs too: a start does not wait, the next one is faster.
      if (!layer) bytecode?.makeLater(tree, config.images[executable.runtime]!, runtimeOf(executable));
      const options = {
        folder: path,
        target: codeMountDir(executable.entrypoint),
        ...(owner && { owner }),
        ...(layer && { layers: [layer] }),
        ...given,
      };
      const [view] = await Promise.all([
        views.create(tree, options),
        onDisk(`write to '${runner}'`, () => scripts.create(executable, runner, owner)),
      ]);
      try {
        return await start(view, script, tree.sha256);
      } catch (error) {
        if (!views.isRefused(view, error)) throw error;
        await onDisk(`clear '${path}'`, () => Deno.remove(`${path}/view`, { recursive: true }));
        return await start(await views.create(tree, options), script, tree.sha256);
      }
    }, { hold: (sha256) => folders.hold(folder, sha256), ...given });
  }

  /** An image that is there costs no request: it is looked for only when the engine misses it. */
  async #createAndStart(
    spec: ContainerSpec,
    { signal, beforeStart }: StartContainerOptions,
  ): Promise<ContainerInfo> {
    const { orchestrator } = this.#options;
    const options = { ...(signal && { signal }), ...(beforeStart && { beforeStart }) };
    try {
      return await orchestrator.createAndStart(spec, options);
    } catch (error) {
      if (!(error instanceof ImageUnavailableError)) throw error;
      await orchestrator.pullImage(spec.image, options);
      return await orchestrator.createAndStart(spec, options);
    }
  }

  #builder(name: string, image: string, { uid, gid }: FileOwner): ContainerBuilder {
    const { config, ownership } = this.#options;
    const { resources, logs, network, capabilities, allowNewPrivileges } = config;
    return new ContainerBuilder(name, image)
      .withResources(resources)
      .withLogs(logs)
      .withNetwork(network)
      .withSecurity({ user: `${uid}:${gid}`, capabilities, allowNewPrivileges })
      .withLabels(ownership.ownLabels);
  }
}

function toRunning(container: ManagedContainer, created: boolean): RunningResult {
  const { containerId, containerName, specHash } = container;
  return { status: "running", containerId, containerName, specHash, created, container };
}

/** Whether a start that ended so has certainly left no container. */
function provesAbsence(error: unknown): boolean {
  if (error instanceof EngineUnavailableError) return !(error instanceof StartInterruptedError);
  return error instanceof EngineError || error instanceof ImageUnavailableError ||
    error instanceof ContainerConflictError;
}

/** A slot is a whole second. */
function slotEnvironment(slotTime?: Date): Record<string, string> {
  return slotTime ? { SLOT: slotTime.toISOString().replace(/\.\d+Z$/, "Z") } : {};
}

/** The runner's own files for a container. */
function runnerFolder(folders: PrivateFolders, folder: string): string {
  return `${folders.path(folder)}/runner`;
}

/** How often a container is looked at that is to be replaced, in ms. */
const LOOK_MS = 1_000;

/** A signal that is given when a container does not run any more: nothing is to wait then. */
function whileRunning(
  orchestrator: ContainerOrchestrator,
  container: string,
  signal: AbortSignal | undefined,
): Disposable & { readonly signal: AbortSignal } {
  const ended = new AbortController();
  const look = async () => {
    // No answer is not an end.
    const info = await orchestrator.getStatus(container).catch(() => ({ phase: "running" }));
    if (info?.phase !== "running") ended.abort();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return {
    signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function kindOf(executable: Executable, slot?: string): ContainerKind {
  if (slot !== undefined) return "run";
  return executable.isLongRunning ? "bot" : "backtest";
}
