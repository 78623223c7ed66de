/**
 * The runner on one Docker Engine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isBotId } from "../executable/bot_id.ts";
import { createDependencies } from "./create_dependencies.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import { runBoundedCommand } from "./bounded_command.ts";
import { CodeMounter } from "./code_mounter.ts";
import { ContainerStopper } from "./container_stopper.ts";
import { ContainerStarter } from "./container_starter.ts";
import { closeParts, type DockerRunnerParts } from "./docker_runner_parts.ts";
import { StartPreparer } from "./start_preparer.ts";
import {
  type CommandOutcome,
  type ContainerInfo,
  type ContainerUsage,
  type GetLogsOptions,
  hostIdOf,
  type LogLine,
} from "../engine/container_orchestrator.ts";
import { type ContainerOwner, ContainerOwnership } from "./container_ownership.ts";
import { ContainerRemover } from "./container_remover.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import { ImageResolver, type ResolvedImage } from "./image_resolver.ts";
import type { FollowLinesOptions } from "../logs/line_follower.ts";
import type { ReadLogsOptions } from "../logs/log_reader.ts";
import { RunnerLogs } from "./runner_logs.ts";
import type { PlacedLogLine } from "../logs/log_position.ts";
import type { HeadlineMetric } from "../logs/headline_metric.ts";
import type { BotMetrics, Metric } from "../logs/metric_series.ts";
import { infoOf, toCollectedContainer } from "./managed_container.ts";
import { ExitedContainers, isSetAside } from "./exited_containers.ts";
import { OwnContainers } from "./own_containers.ts";
import { RunCollector } from "./run_collector.ts";
import { supervisedState } from "./state_source.ts";
import { setStatesOf } from "./states_of.ts";
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

/** Runs bots as containers of one Docker Engine. See {@linkcode Runner} for what each method promises. */
export class DockerRunner implements Runner {
  /** {@inheritDoc Runner.capabilities} */
  readonly capabilities: RunnerCapabilities = {
    spansHosts: false,
    atMostOne: false,
    buildsDependencies: true,
  };
  readonly #parts: DockerRunnerParts;
  readonly #ownership: ContainerOwnership;
  readonly #containers: OwnContainers;
  readonly #preparer: StartPreparer;
  readonly #starter: ContainerStarter;
  readonly #dependencies: Dependencies;
  readonly #remover: ContainerRemover;
  readonly #exited: ExitedContainers;
  readonly #stopper: ContainerStopper;
  readonly #collector: RunCollector;
  readonly #logs: RunnerLogs;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<unknown>>();
  readonly #log = getLogger(["berth", "runner"]);

  /** @param parts See {@linkcode DockerRunnerParts}. */
  constructor(parts: DockerRunnerParts) {
    const { config, user } = parts;
    const ownership = new ContainerOwnership(config.instance);
    const diskUseOf = (containerId: string) => parts.disk?.useOf(containerId);
    const containers = new OwnContainers({
      ...parts,
      ownership,
      isCodeLost: (info) => parts.watch.isLost(info),
      haveSecretsChanged: async ({ phase, labels }) =>
        phase === "running" && await parts.secrets.haveChanged(labels),
      diskUseOf,
    });
    this.#parts = parts;
    setStatesOf(this, parts.states);
    this.#ownership = ownership;
    this.#containers = containers;
    this.#remover = new ContainerRemover({ ...parts, ownership });
    this.#exited = new ExitedContainers({ ...parts, remover: this.#remover });
    this.#stopper = new ContainerStopper({
      ...parts,
      containers,
      exited: this.#exited,
      onCleanStop: ({ labels }) => parts.states.stopped(labels[LABEL.id]!),
    });
    this.#collector = new RunCollector({ ...parts, bucket: config.buckets.results, diskUseOf });
    this.#logs = new RunnerLogs({ ...parts, bucket: config.buckets.logs, ownership, containers });
    this.#preparer = new StartPreparer(parts);
    this.#dependencies = createDependencies({ ...parts, ownership, remover: this.#remover });
    this.#starter = new ContainerStarter({
      ...parts,
      sources: [...parts.sources, this.#dependencies],
      ownership,
      containers,
      remover: this.#remover,
      mounter: new CodeMounter({ ...parts, chownToBotUser: user.uid === 0 }),
    });
  }

  /** {@inheritDoc Runner.specHash} */
  specHash(executable: Executable): string {
    return this.#starter.specHash(executable);
  }

  /** {@inheritDoc Runner.specParts} */
  specParts(executable: Executable): string {
    return this.#starter.specParts(executable);
  }

  /** {@inheritDoc Runner.prepare} */
  async prepare(executable: Executable, options: PrepareOptions = {}): Promise<void> {
    await this.#preparer.prepare(executable, options);
  }

  /** {@inheritDoc Runner.buildDependencies} */
  async buildDependencies(
    executable: Executable,
    options: BuildDependenciesOptions = {},
  ): Promise<BuiltDependencies> {
    return await this.#untilClosed(
      options,
      (signal) => this.#dependencies.build(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.checkCode} */
  async checkCode(executable: Executable, options: RunnerCallOptions = {}): Promise<void> {
    await this.#parts.code.fetchAndExtract(executable, () => Promise.resolve(), options);
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
    return await this.#untilClosed(
      options,
      (signal) => this.#startAndWait(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.collect} */
  async collect(container: string, options: RunnerCallOptions = {}): Promise<CollectedRun> {
    const info = await this.#containers.get(container, options);
    if (!info) throw new ContainerNotFoundError(container);
    return await this.#collector.collectExited(info, options.signal);
  }

  /** {@inheritDoc Runner.stopContainer} */
  async stopContainer(
    container: string | ManagedContainer,
    options: StopContainerOptions = {},
  ): Promise<StopResult> {
    return await this.#stopper.stop(container, options);
  }

  /** {@inheritDoc Runner.removeContainer} */
  async removeContainer(container: string, options: RemoveContainerOptions = {}): Promise<void> {
    await this.#stopper.remove(container, options);
  }

  /** {@inheritDoc Runner.getContainerStatus} */
  async getContainerStatus(
    container: string,
    options: RunnerCallOptions = {},
  ): Promise<ManagedContainer | undefined> {
    const info = await this.#containers.get(container, options);
    return info && await this.#containers.managed(info);
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
    return this.#containers.find(kind, id, options);
  }

  /** {@inheritDoc Runner.watch} */
  watch(options?: WatchContainersOptions): AsyncIterable<ContainerHint> {
    return this.#containers.watch(options);
  }

  /** {@inheritDoc Runner.listManagedContainers} */
  async listManagedContainers(
    segment: number,
    options?: ListManagedContainersOptions,
  ): Promise<ManagedContainer[]> {
    return await this.#managedOf(await this.#containers.list(segment, options));
  }

  /** {@inheritDoc Runner.superviseContainers} */
  async superviseContainers(
    segment: number,
    options?: ListManagedContainersOptions,
  ): Promise<ManagedContainer[]> {
    const listed = await this.#containers.list(segment, options);
    const printed = listed.filter((info) => info.phase !== "pending" && this.#containers.ifOwn(info));
    this.#parts.logs?.adopt(printed.map(toCollectedContainer));
    this.#parts.disk?.watch(printed);
    this.#parts.states.supervise(printed.filter(({ phase }) => phase === "running").flatMap(supervisedState));
    await this.#exited.review(printed, options?.signal);
    this.#parts.watch.refresh();
    return await this.#managedOf(listed);
  }

  /** {@inheritDoc Runner.waitingLogs} */
  waitingLogs(id: string): string | undefined {
    return this.#exited.waiting(id);
  }

  /** {@inheritDoc Runner.setOwner} */
  setOwner(owner: ContainerOwner): void {
    this.#ownership.setOwner(owner);
  }

  /** {@inheritDoc Runner.hostId} */
  async hostId({ signal }: RunnerCallOptions = {}): Promise<string> {
    return hostIdOf(await this.#parts.orchestrator.info({ signal }));
  }

  /** {@inheritDoc Runner.getContainerLogs} */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine> {
    return this.#logs.ofContainer(container, options);
  }

  /** {@inheritDoc Runner.readLogs} */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<PlacedLogLine> {
    return this.#logs.read(id, options);
  }

  /** {@inheritDoc Runner.followLines} */
  followLines(container: ManagedContainer, options: FollowLinesOptions): FollowedLines {
    return this.#logs.follow(container, options);
  }

  /** {@inheritDoc Runner.latestMetric} */
  latestMetric(id: string, type: string): Metric | undefined {
    return this.#logs.latestMetric(id, type);
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
    return this.#logs.metricsOf(id);
  }

  /** {@inheritDoc Runner.forgetMetrics} */
  forgetMetrics(id: string): void {
    this.#parts.logs?.metrics.forget(id);
  }

  /** {@inheritDoc Runner.headlineOf} */
  headlineOf(id: string, count: number): HeadlineMetric | undefined {
    return this.#parts.logs?.metrics.headline(id, count);
  }

  /** {@inheritDoc Runner.removeOrphans} */
  async removeOrphans(options: RemoveOrphansOptions = {}): Promise<string[]> {
    const removed = await this.#remover.removeOrphans(Object.values(this.#parts.config.images)[0]!, options);
    if (removed.length > 0) this.#log.info("leftovers removed", { removed });
    return removed;
  }

  /** {@inheritDoc Runner.close} */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The runner was closed", "AbortError"));
    await Promise.allSettled(this.#active);
    await closeParts(this.#parts);
  }

  /** Does the same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs work that {@linkcode close} gives up and waits for. */
  async #untilClosed<T>(
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
    return this.#containers.managedOf(listed.filter((info) => !isSetAside(info)));
  }

  async #startAndWait(executable: Executable, options: StartContainerOptions): Promise<ExecutionResult> {
    const started = await this.#starter.start(executable, options);
    const info = infoOf(started.container);
    this.#logs.begin(executable, started, options);
    if (info) this.#parts.disk?.watch([info]);
    options.onStarted?.(started.containerId);
    if (!(options.wait ?? !executable.isLongRunning)) return started;
    try {
      return await this.#collector.collect(executable, started, options);
    } finally {
      await this.#stopper.removeAfterWait(started.containerId, options.signal?.aborted ?? false);
    }
  }
}
