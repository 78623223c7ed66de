/**
 * The runner on one Docker Engine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ArchiveExtractor } from "./archive_extractor.ts";
import type { CodeManager } from "./code_manager.ts";
import { ContainerBuilder } from "./container_builder.ts";
import { codeMountDir } from "./container_layout.ts";
import type {
  ContainerInfo,
  ContainerOrchestrator,
  GetLogsOptions,
  LogLine,
} from "./container_orchestrator.ts";
import { ContainerRemover } from "./container_remover.ts";
import type { ContainerSpec } from "./container_spec.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { ContainerConflictError, ContainerNotFoundError, ImageUnavailableError } from "./errors.ts";
import type { Executable } from "./executable.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import { type ContainerKind, LABEL } from "./labels.ts";
import { KeyedMutex } from "./keyed_mutex.ts";
import { Limiter } from "./limiter.ts";
import { toManagedContainer } from "./managed_container.ts";
import type { ObjectStore } from "./object_store.ts";
import { outputTail } from "./output_tail.ts";
import type { FileOwner, PrivateFolders } from "./private_folders.ts";
import { RunCollector } from "./run_collector.ts";
import {
  ALL_SEGMENTS,
  type ManagedContainer,
  type Runner,
  type RunnerCallOptions,
  type StartContainerOptions,
  type StopContainerOptions,
  type StopResult,
} from "./runner.ts";
import type { ScriptManager } from "./script_manager.ts";
import { canonicalJson, specHash } from "./spec_hash.ts";

/** User that bots run as where Berth is root: the customary unprivileged one of images without users. */
const UNPRIVILEGED: FileOwner = { uid: 65_532, gid: 65_532 };

/** What a {@linkcode DockerRunner} is made of. `createDockerRunner` puts it together from a configuration. */
export interface DockerRunnerParts {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The engine. Closed with the runner. */
  readonly orchestrator: ContainerOrchestrator;
  /** Where results are kept. */
  readonly store: ObjectStore;
  /** What brings the code. */
  readonly code: CodeManager;
  /** What unpacks it. Closed with the runner. */
  readonly extractor: ArchiveExtractor;
  /** What adds the runner's own files. */
  readonly scripts: ScriptManager;
  /** Where the private folders are. */
  readonly folders: PrivateFolders;
  /** User that this process runs as. */
  readonly user: FileOwner;
}

/** Runs bots as containers of one Docker Engine. See {@linkcode Runner} for what each method promises. */
export class DockerRunner implements Runner {
  readonly #parts: DockerRunnerParts;
  readonly #starts: Limiter;
  readonly #names = new KeyedMutex();
  readonly #remover: ContainerRemover;
  readonly #collector: RunCollector;
  readonly #botUser: string;
  readonly #owner: FileOwner | undefined;
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param parts What it is made of.
   */
  constructor(parts: DockerRunnerParts) {
    const { config, user } = parts;
    this.#parts = parts;
    this.#starts = new Limiter(config.startConcurrency);
    this.#remover = new ContainerRemover({ ...parts, ownLabels: this.#ownLabels() });
    this.#collector = new RunCollector({ ...parts, bucket: config.buckets.results });
    const bot = botUser(config.botUser, user);
    this.#botUser = `${bot.uid}:${bot.gid}`;
    // Only root may give files away; another user's bots run as that user, unless told otherwise.
    this.#owner = user.uid === 0 ? bot : undefined;
  }

  /** {@inheritDoc Runner.specHash} */
  specHash(executable: Executable): string {
    const { images, resources, logs, network, capabilities, allowNewPrivileges } = this.#parts.config;
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
      user: this.#botUser,
    });
  }

  /** {@inheritDoc Runner.startContainer} */
  async startContainer(
    executable: Executable,
    options: StartContainerOptions = {},
  ): Promise<ExecutionResult> {
    const name = containerName(
      this.#parts.config.instance,
      kindOf(executable, options.slot),
      executable.id,
      options.slot,
    );
    // The engine knows a name before it shows the container: two starts at once would both fail to find it.
    const started = await this.#names.run(name, () => this.#start(name, executable, options));
    options.onStarted?.(started.containerId);
    if (!(options.wait ?? !executable.isLongRunning)) return started;
    try {
      return await this.#collector.collect(executable, started, options);
    } finally {
      await this.#end(started.containerId, options.signal);
    }
  }

  /** {@inheritDoc Runner.stopContainer} */
  async stopContainer(container: string, options: StopContainerOptions = {}): Promise<StopResult> {
    const { orchestrator, config } = this.#parts;
    const info = await this.#own(container, options);
    if (!info) throw new ContainerNotFoundError(container);
    const graceSeconds = options.graceSeconds ?? config.stopGraceSeconds;
    const outcome = await orchestrator.stop(info.id, { ...options, graceSeconds });
    const output = await outputTail(orchestrator, info.id, options.signal);
    if (!options.keep) await this.#remover.remove(info, options.signal);
    this.#log.info("container stopped", { container: info.name, ...outcome });
    return { ...outcome, output };
  }

  /** {@inheritDoc Runner.removeContainer} */
  async removeContainer(container: string, options: RunnerCallOptions = {}): Promise<void> {
    const info = await this.#own(container, options);
    if (info) await this.#remover.remove(info, options.signal);
  }

  /** {@inheritDoc Runner.getContainerStatus} */
  async getContainerStatus(
    container: string,
    options: RunnerCallOptions = {},
  ): Promise<ManagedContainer | undefined> {
    const info = await this.#own(container, options);
    return info && toManagedContainer(info);
  }

  /** {@inheritDoc Runner.listManagedContainers} */
  async listManagedContainers(segment: number, options: RunnerCallOptions = {}): Promise<ManagedContainer[]> {
    const labels = {
      ...this.#ownLabels(),
      ...(segment !== ALL_SEGMENTS && { [LABEL.segment]: String(segment) }),
    };
    const containers = await this.#parts.orchestrator.listContainers({ ...options, labels });
    return containers.filter(({ labels }) => LABEL.id in labels).map(toManagedContainer);
  }

  /** {@inheritDoc Runner.getContainerLogs} */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine> {
    return this.#parts.orchestrator.getLogs(container, options);
  }

  /** {@inheritDoc Runner.removeOrphans} */
  async removeOrphans(options: RunnerCallOptions = {}): Promise<string[]> {
    const removed = await this.#remover.removeOrphans(
      Object.values(this.#parts.config.images)[0]!,
      options.signal,
    );
    if (removed.length > 0) this.#log.info("leftovers removed", { removed });
    return removed;
  }

  /** {@inheritDoc Runner.close} */
  async close(): Promise<void> {
    await this.#parts.extractor[Symbol.asyncDispose]();
    await this.#parts.orchestrator[Symbol.asyncDispose]();
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(name: string, executable: Executable, options: StartContainerOptions): Promise<RunningResult> {
    const { folders, code, scripts, config } = this.#parts;
    options.signal?.throwIfAborted();
    const signal = options.signal && { signal: options.signal };
    const kind = kindOf(executable, options.slot);
    const image = config.images[executable.runtime]!;
    const hash = this.specHash(executable);
    const folder = await folders.reserve(`${kind}-${executable.id}`);
    try {
      const source = folders.path(folder);
      await code.fetchAndExtract(executable, source, {
        ...signal,
        ...(this.#owner && { owner: this.#owner }),
      });
      await scripts.create(executable, source, this.#owner);
      const spec = this.#builder(name, image)
        .withExecutable(executable)
        .withBinds([{ source, target: codeMountDir(executable.entrypoint) }])
        .withLabels({
          [LABEL.kind]: kind,
          [LABEL.specHash]: hash,
          [LABEL.attempt]: String(options.attempt ?? 1),
          [LABEL.folder]: folder,
          ...(options.slot !== undefined && { [LABEL.slot]: options.slot }),
        })
        .build();
      const { id } = await this.#starts.run(() => this.#createAndStart(spec, options.signal), options.signal);
      folders.release(folder);
      this.#log.info("container started", { container: name, image, specHash: hash });
      return { status: "running", containerId: id, containerName: name, specHash: hash, created: true };
    } catch (error) {
      await this.#remover.discardFolder(folder, image);
      if (error instanceof ContainerConflictError) return await this.#existing(name, hash, error, options);
      throw error;
    }
  }

  /** An image that is there costs no request: it is looked for only when the engine misses it. */
  async #createAndStart(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerInfo> {
    const { orchestrator } = this.#parts;
    const options = { ...(signal && { signal }) };
    try {
      return await orchestrator.createAndStart(spec, options);
    } catch (error) {
      if (!(error instanceof ImageUnavailableError)) throw error;
      await orchestrator.pullImage(spec.image, options);
      return await orchestrator.createAndStart(spec, options);
    }
  }

  async #existing(
    name: string,
    hash: string,
    conflict: ContainerConflictError,
    options: RunnerCallOptions,
  ): Promise<RunningResult> {
    const info = await this.#own(name, options);
    if (!info) throw conflict;
    const { phase, specHash } = toManagedContainer(info);
    if (phase !== "exited" && specHash === hash) {
      return { status: "running", containerId: info.id, containerName: name, specHash, created: false };
    }
    const what = phase === "exited" ? "has exited and was not removed" : "runs with another specification";
    throw new ContainerConflictError(
      name,
      `Cannot start '${name}': a container of this name ${what}. Remove it first.`,
      { cause: conflict },
    );
  }

  /** After a run that was waited for. One that was given up gets its grace period, as at any other stop. */
  async #end(containerId: string, signal?: AbortSignal): Promise<void> {
    try {
      if (signal?.aborted) {
        const graceSeconds = this.#parts.config.stopGraceSeconds;
        await this.#parts.orchestrator.stop(containerId, { graceSeconds });
      }
      await this.removeContainer(containerId);
    } catch (error) {
      this.#log.error("container not removed", { container: containerId, error });
    }
  }

  #builder(name: string, image: string): ContainerBuilder {
    const { resources, logs, network, capabilities, allowNewPrivileges } = this.#parts.config;
    return new ContainerBuilder(name, image)
      .withResources(resources)
      .withLogs(logs)
      .withNetwork(network)
      .withSecurity({ user: this.#botUser, capabilities, allowNewPrivileges })
      .withLabels(this.#ownLabels());
  }

  /** A container of this instance; another's is as good as not there. */
  async #own(container: string, { signal }: RunnerCallOptions): Promise<ContainerInfo | undefined> {
    const info = await this.#parts.orchestrator.getStatus(container, { ...(signal && { signal }) });
    const own = Object.entries(this.#ownLabels()).every(([key, value]) => info?.labels[key] === value);
    return own ? info : undefined;
  }

  #ownLabels(): Record<string, string> {
    return { [LABEL.managed]: "true", [LABEL.instance]: this.#parts.config.instance };
  }
}

/**
 * Neither instance, kind nor slot holds an underscore, and only runs have a slot: different containers never
 * have the same name.
 */
function containerName(instance: string, kind: ContainerKind, id: string, slot?: string): string {
  return `berth_${instance}_${kind}_${id}${slot === undefined ? "" : `_${slot}`}`;
}

function kindOf(executable: Executable, slot?: string): ContainerKind {
  if (slot !== undefined) return "run";
  return executable.isLongRunning ? "bot" : "backtest";
}

function botUser(configured: string | undefined, own: FileOwner): FileOwner {
  if (!configured) return own.uid === 0 ? UNPRIVILEGED : own;
  const [uid, gid] = configured.split(":").map(Number);
  return { uid: uid!, gid: gid! };
}
