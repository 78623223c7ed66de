/**
 * The part that all runners share, whatever engine their containers are on.
 *
 * @module
 */

import { isBotId } from "../executable/bot_id.ts";
import { runBoundedCommand } from "./bounded_command.ts";
import type { ContainerStopper } from "./container_stopper.ts";
import type {
  CommandOutcome,
  ContainerInfo,
  ContainerOrchestrator,
  ContainerUsage,
  GetLogsOptions,
  LogLine,
} from "../engine/container_orchestrator.ts";
import type { ContainerOwner, ContainerOwnership } from "./container_ownership.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ExecutableHashes } from "./executable_hashes.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { ImageResolver, type ResolvedImage } from "./image_resolver.ts";
import type { FollowLinesOptions } from "../logs/line_follower.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import type { ReadLogsOptions } from "../logs/log_reader.ts";
import type { RunnerLogs } from "./runner_logs.ts";
import type { PlacedLogLine } from "../logs/log_position.ts";
import type { HeadlineMetric } from "../logs/headline_metric.ts";
import type { BotMetrics, Metric } from "../logs/metric_series.ts";
import { infoOf } from "./managed_container.ts";
import { type ExitedContainers, isSetAside } from "./exited_containers.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { RunCollector } from "./run_collector.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type {
  BuildDependenciesOptions,
  BuiltDependencies,
  CollectedRun,
  ContainerHint,
  FindContainersOptions,
  FollowedLines,
  ListManagedContainersOptions,
  ManagedContainer,
  PrepareOptions,
  RemoveContainerOptions,
  RemoveOrphansOptions,
  RunBoundedCommandOptions,
  Runner,
  RunnerCallOptions,
  RunnerCapabilities,
  StartContainerOptions,
  StopContainerOptions,
  StopResult,
  WatchContainersOptions,
} from "./runner.ts";

/** The operations that a runner needs from the engine of its containers. */
export type RunnerEngine = Pick<
  ContainerOrchestrator,
  "findInRegistry" | "getUsage" | "info" | "inspectImage" | "runCommand"
>;

/** The parts that every runner has. */
export interface EngineRunnerParts {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The engine. */
  readonly orchestrator: RunnerEngine;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Finds the runner's containers. */
  readonly containers: OwnContainers;
  /** Starts containers. */
  readonly starter: {
    readonly hashes: ExecutableHashes;
    start(executable: Executable, options: StartContainerOptions): Promise<RunningResult>;
  };
  /** Stops and removes containers. */
  readonly stopper: ContainerStopper;
  /** Removes exited containers. */
  readonly exited: ExitedContainers;
  /** Collects the results of runs. */
  readonly collector: RunCollector;
  /** Collects and reads logs. */
  readonly runnerLogs: RunnerLogs;
  /** Stores logs. @default {nothing does} */
  readonly logs?: LogCollector | undefined;
  /** Hides secrets. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
}

/** Runs bots as containers of an engine. See {@linkcode Runner} for what each method promises. */
export abstract class EngineRunner implements Runner {
  readonly #parts: EngineRunnerParts;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<unknown>>();

  /** @param parts See {@linkcode EngineRunnerParts}. */
  constructor(parts: EngineRunnerParts) {
    this.#parts = parts;
  }

  /** {@inheritDoc Runner.capabilities} */
  abstract readonly capabilities: RunnerCapabilities;
  /** {@inheritDoc Runner.prepare} */
  abstract prepare(executable: Executable, options?: PrepareOptions): Promise<void>;
  /** {@inheritDoc Runner.discardPrepared} */
  abstract discardPrepared(id: string): Promise<void>;
  /** {@inheritDoc Runner.buildDependencies} */
  abstract buildDependencies(
    executable: Executable,
    options?: BuildDependenciesOptions,
  ): Promise<BuiltDependencies>;
  /** {@inheritDoc Runner.checkCode} */
  abstract checkCode(executable: Executable, options?: RunnerCallOptions): Promise<void>;
  /** {@inheritDoc Runner.removeOrphans} */
  abstract removeOrphans(options?: RemoveOrphansOptions): Promise<string[]>;
  /** {@inheritDoc Runner.hostId} */
  abstract hostId(options?: RunnerCallOptions): Promise<string>;
  /** Looks after containers that have begun to print, see {@linkcode Runner.superviseContainers}. */
  protected abstract supervise(printed: readonly ContainerInfo[], signal?: AbortSignal): Promise<void>;
  /** Called once a container was started, before its end is awaited. */
  protected abstract started(info: ContainerInfo): void;
  /** Releases the parts of the runner, see {@linkcode Runner.close}. */
  protected abstract closeParts(): Promise<void>;

  /** {@inheritDoc Runner.specHash} */
  specHash(executable: Executable): string {
    return this.#parts.starter.hashes.whole(executable);
  }

  /** {@inheritDoc Runner.specParts} */
  specParts(executable: Executable): string {
    return this.#parts.starter.hashes.parts(executable);
  }

  /** {@inheritDoc Runner.imageOf} */
  imageOf(executable: Executable): string {
    return imageOf(executable, this.#parts.config.images);
  }

  /** {@inheritDoc Runner.resolveImage} */
  async resolveImage(image: string, options?: RunnerCallOptions): Promise<ResolvedImage> {
    return await new ImageResolver(this.#parts.orchestrator).resolve(image, options);
  }

  /** {@inheritDoc Runner.newerImage} */
  async newerImage(image: string, runs?: string, options?: RunnerCallOptions): Promise<string | undefined> {
    return await new ImageResolver(this.#parts.orchestrator).newer(image, runs, options);
  }

  /** {@inheritDoc Runner.platform} */
  async platform(options: RunnerCallOptions = {}): Promise<string> {
    return (await this.#parts.orchestrator.info(options)).platform;
  }

  /** {@inheritDoc Runner.startContainer} */
  startContainer(
    executable: Executable,
    options: StartContainerOptions & { readonly wait: false },
  ): Promise<RunningResult>;
  /** {@inheritDoc Runner.startContainer} */
  startContainer(executable: Executable, options?: StartContainerOptions): Promise<ExecutionResult>;
  async startContainer(
    executable: Executable,
    options: StartContainerOptions = {},
  ): Promise<ExecutionResult> {
    return await this.untilClosed(
      options,
      (signal) => this.#startAndWait(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.collect} */
  async collect(container: string, options: RunnerCallOptions = {}): Promise<CollectedRun> {
    const info = await this.#parts.containers.get(container, options);
    if (!info) throw new ContainerNotFoundError(container);
    return await this.#parts.collector.collectExited(info, options.signal);
  }

  /** {@inheritDoc Runner.stopContainer} */
  async stopContainer(
    container: string | ManagedContainer,
    options: StopContainerOptions = {},
  ): Promise<StopResult> {
    return await this.#parts.stopper.stop(container, options);
  }

  /** {@inheritDoc Runner.removeContainer} */
  async removeContainer(container: string, options: RemoveContainerOptions = {}): Promise<void> {
    await this.#parts.stopper.remove(container, options);
  }

  /** {@inheritDoc Runner.getContainerStatus} */
  async getContainerStatus(
    container: string,
    options: RunnerCallOptions = {},
  ): Promise<ManagedContainer | undefined> {
    const info = await this.#parts.containers.get(container, options);
    return info && await this.#parts.containers.managed(info);
  }

  /** {@inheritDoc Runner.getUsage} */
  async getUsage(
    { containerId }: ManagedContainer,
    options: RunnerCallOptions = {},
  ): Promise<ContainerUsage | undefined> {
    return await this.#parts.orchestrator.getUsage(containerId, options);
  }

  /** {@inheritDoc Runner.findContainers} */
  findContainers(
    kind: ContainerKind,
    id: string,
    options?: FindContainersOptions,
  ): Promise<ManagedContainer[]> {
    // Documents may have any id, but no container can have this name.
    if (!isBotId(id)) return Promise.resolve([]);
    return this.#parts.containers.find(kind, id, options);
  }

  /** {@inheritDoc Runner.watch} */
  watch(options?: WatchContainersOptions): AsyncIterable<ContainerHint> {
    return this.#parts.containers.watch(options);
  }

  /** {@inheritDoc Runner.listManagedContainers} */
  async listManagedContainers(
    segment: number,
    options?: ListManagedContainersOptions,
  ): Promise<ManagedContainer[]> {
    return await this.#managedOf(await this.#parts.containers.list(segment, options));
  }

  /** {@inheritDoc Runner.superviseContainers} */
  async superviseContainers(
    segment: number,
    options?: ListManagedContainersOptions,
  ): Promise<ManagedContainer[]> {
    const listed = await this.#parts.containers.list(segment, options);
    const printed = listed.filter((info) => info.phase !== "pending" && this.#parts.containers.ifOwn(info));
    await this.supervise(printed, options?.signal);
    return await this.#managedOf(listed);
  }

  /** {@inheritDoc Runner.waitingLogs} */
  waitingLogs(id: string): string | undefined {
    return this.#parts.exited.waiting(id);
  }

  /** {@inheritDoc Runner.setOwner} */
  setOwner(owner: ContainerOwner): void {
    this.#parts.ownership.setOwner(owner);
  }

  /** {@inheritDoc Runner.getContainerLogs} */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine> {
    return this.#parts.runnerLogs.ofContainer(container, options);
  }

  /** {@inheritDoc Runner.readLogs} */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<PlacedLogLine> {
    return this.#parts.runnerLogs.read(id, options);
  }

  /** {@inheritDoc Runner.followLines} */
  followLines(container: ManagedContainer, options: FollowLinesOptions): FollowedLines {
    return this.#parts.runnerLogs.follow(container, options);
  }

  /** {@inheritDoc Runner.latestMetric} */
  latestMetric(id: string, type: string): Metric | undefined {
    return this.#parts.logs?.metrics.latest(id, type);
  }

  /** {@inheritDoc Runner.runCommand} */
  async runCommand(
    container: ManagedContainer,
    command: readonly string[],
    options: RunBoundedCommandOptions,
  ): Promise<CommandOutcome> {
    const { orchestrator, secrets } = this.#parts;
    const info = infoOf(container);
    const redactor = info && await secrets.redactorOf(info.labels);
    return await runBoundedCommand(orchestrator, container.containerId, { command, redactor, ...options });
  }

  /** {@inheritDoc Runner.metricsOf} */
  metricsOf(id: string): BotMetrics {
    return this.#parts.logs?.metrics.of(id) ?? { counts: {}, latest: {}, recent: [] };
  }

  /** {@inheritDoc Runner.forgetMetrics} */
  forgetMetrics(id: string): void {
    this.#parts.logs?.metrics.forget(id);
  }

  /** {@inheritDoc Runner.headlineOf} */
  headlineOf(id: string, count: number): HeadlineMetric | undefined {
    return this.#parts.logs?.metrics.headline(id, count);
  }

  /** {@inheritDoc Runner.close} */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The runner was closed", "AbortError"));
    await Promise.allSettled(this.#active);
    await this.#parts.exited[Symbol.asyncDispose]();
    await this.closeParts();
  }

  /** Does the same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs work that {@linkcode close} cancels and waits for. */
  protected async untilClosed<T>(
    { signal }: RunnerCallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const closing = this.#closing.signal;
    const working = work(signal ? AbortSignal.any([signal, closing]) : closing);
    this.#active.add(working);
    try {
      return await working;
    } finally {
      this.#active.delete(working);
    }
  }

  #managedOf(listed: readonly ContainerInfo[]): Promise<ManagedContainer[]> {
    return this.#parts.containers.managedOf(listed.filter((info) => !isSetAside(info)));
  }

  async #startAndWait(executable: Executable, options: StartContainerOptions): Promise<ExecutionResult> {
    const started = await this.#parts.starter.start(executable, options);
    const info = infoOf(started.container);
    this.#parts.runnerLogs.begin(executable, started, options);
    if (info) this.started(info);
    options.onStarted?.(started.containerId);
    if (!(options.wait ?? !executable.isLongRunning)) return started;
    try {
      return await this.#parts.collector.collect(executable, started, options);
    } finally {
      await this.#parts.stopper.removeAfterWait(started.containerId, options.signal?.aborted ?? false);
    }
  }
}
