/**
 * The runner on one Docker Engine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isBotId, parseBotId } from "../executable/bot_id.ts";
import { createDependencies } from "./create_dependencies.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import { CodeMounter } from "./code_mounter.ts";
import { ContainerStopper } from "./container_stopper.ts";
import { ContainerStarter } from "./container_starter.ts";
import type { DockerRunnerParts } from "./docker_runner_parts.ts";
import { StartPreparer } from "./start_preparer.ts";
import {
  type ContainerInfo,
  type ContainerOrchestrator,
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
import { LogReader, type ReadLogsOptions } from "../logs/log_reader.ts";
import { redactLines } from "./redact_lines.ts";
import type { PlacedLogLine } from "../logs/log_position.ts";
import type { BotMetrics } from "../logs/metric_series.ts";
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
  ListManagedContainersOptions,
  ManagedContainer,
  PrepareOptions,
  RemoveContainerOptions,
  RemoveOrphansOptions,
  Runner,
  RunnerCallOptions,
  StartContainerOptions,
  StopContainerOptions,
  StopResult,
  WatchContainersOptions,
} from "./runner.ts";

/** Tolerance for a different clock of the engine: stored logs of earlier days are not searched for a container. */
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Runs bots as containers of one Docker Engine. See {@linkcode Runner} for what each method promises. */
export class DockerRunner implements Runner {
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
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#closing.signal])
      : this.#closing.signal;
    const building = this.#dependencies.build(executable, { ...options, signal });
    this.#active.add(building);
    try {
      return await building;
    } finally {
      this.#active.delete(building);
    }
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
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#closing.signal])
      : this.#closing.signal;
    const running = this.#startAndWait(executable, { ...options, signal });
    this.#active.add(running);
    try {
      return await running;
    } finally {
      this.#active.delete(running);
    }
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
  async *getContainerLogs(container: string, options: GetLogsOptions = {}): AsyncGenerator<LogLine> {
    const { orchestrator, secrets } = this.#parts;
    const info = await orchestrator.getStatus(container, options);
    const redactor = info && await secrets.redactorOf(info.labels);
    yield* redactLines(orchestrator.getLogs(container, options), redactor);
  }

  /** {@inheritDoc Runner.readLogs} */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<PlacedLogLine> {
    parseBotId(id);
    const { orchestrator, store, config } = this.#parts;
    const labelsOf = (id: string) => ({ ...this.#ownership.searchLabels, [LABEL.id]: id });
    const own: Pick<ContainerOrchestrator, "readLog" | "listContainers"> = {
      readLog: (container, options) => orchestrator.readLog(container, options),
      listContainers: async (options) =>
        (await orchestrator.listContainers(options)).filter((info) => this.#containers.ifOwn(info)),
    };
    const redactorOf = (labels: ContainerInfo["labels"]) => this.#parts.secrets.redactorOf(labels);
    const reader = new LogReader({
      orchestrator: own,
      store,
      bucket: config.buckets.logs,
      labelsOf,
      redactorOf,
    });
    return reader.read(id, options);
  }

  /** {@inheritDoc Runner.metricsOf} */
  metricsOf(id: string): BotMetrics {
    return this.#parts.logs?.metrics.of(id) ?? { counts: {}, latest: {}, recent: [] };
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
    await this.#parts.disk?.[Symbol.asyncDispose]();
    await this.#parts.states[Symbol.asyncDispose]();
    await this.#parts.logs?.close();
    await this.#parts.bytecode?.[Symbol.asyncDispose]();
    await this.#parts.watch[Symbol.asyncDispose]();
    await this.#parts.extractor[Symbol.asyncDispose]();
    this.#parts.secrets[Symbol.dispose]();
    await this.#parts.orchestrator[Symbol.asyncDispose]();
  }

  /** Does the same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #managedOf(listed: readonly ContainerInfo[]): Promise<ManagedContainer[]> {
    return this.#containers.managedOf(listed.filter((info) => !isSetAside(info)));
  }

  async #startAndWait(executable: Executable, options: StartContainerOptions): Promise<ExecutionResult> {
    const started = await this.#starter.start(executable, options);
    const info = infoOf(started.container);
    this.#parts.logs?.start({
      containerId: started.containerId,
      id: executable.id,
      createdAt: started.created ? new Date(Date.now() - CLOCK_SKEW_MS) : new Date(0),
      isNew: started.created,
      run: options.slot,
      ...(executable.secrets && info && { secretLabels: info.labels }),
      ...(options.logIntervalSeconds !== undefined && { intervalMs: options.logIntervalSeconds * 1000 }),
    });
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
