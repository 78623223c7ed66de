/**
 * The runner on one Docker Engine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ArchiveExtractor } from "../archive/archive_extractor.ts";
import { isBotId, parseBotId } from "../executable/bot_id.ts";
import type { BotUsers } from "../users/bot_users.ts";
import type { CodeWatch } from "../code/code_watch.ts";
import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import type { CodeViews } from "../code/code_views.ts";
import type { CodeManager } from "../code/code_manager.ts";
import { ContainerStarter } from "./container_starter.ts";
import type { ContainerOrchestrator, GetLogsOptions, LogLine } from "../engine/container_orchestrator.ts";
import { type ContainerOwner, ContainerOwnership } from "./container_ownership.ts";
import { ContainerRemover } from "./container_remover.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { ContainerNotFoundError } from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import { LogReader, type ReadLogsOptions } from "../logs/log_reader.ts";
import type { StoredLogLine } from "../logs/line_format.ts";
import type { BotMetrics } from "../logs/metric_series.ts";
import { infoOf, toCollectedContainer } from "./managed_container.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { outputTail } from "./output_tail.ts";
import { ExitedContainers, isSetAside } from "./exited_containers.ts";
import { OwnContainers } from "./own_containers.ts";
import type { FileOwner } from "../util/files.ts";
import type { PrivateFolders } from "../code/private_folders.ts";
import { RunCollector } from "./run_collector.ts";
import type {
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
import type { ScriptManager } from "../executable/script_manager.ts";
import type { UserFiles } from "../users/user_files.ts";

/** Logs of days before a container was made are not looked at; the engine's clock may be another. */
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Events after which a container no longer runs, or does so again. */
const CHANGES: readonly string[] = ["die", "destroy", "pause", "unpause"];

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
  /** What shows the code to containers. */
  readonly views: CodeViews;
  /** What compiles the code ahead; absent: nobody does. Closed with the runner. */
  readonly bytecode?: BytecodeLayers;
  /** What watches over it. Closed with the runner. */
  readonly watch: CodeWatch;
  /** Where the private folders are. */
  readonly folders: PrivateFolders;
  /** User that this process runs as. */
  readonly user: FileOwner;
  /** What gives the user of the bots a name. */
  readonly userFiles: UserFiles;
  /** Users that bots run as. */
  readonly users: BotUsers;
  /** What stores the output of containers; absent: nobody does. Closed with the runner. */
  readonly logs?: LogCollector;
}

/** Runs bots as containers of one Docker Engine. See {@linkcode Runner} for what each method promises. */
export class DockerRunner implements Runner {
  readonly #parts: DockerRunnerParts;
  readonly #ownership: ContainerOwnership;
  readonly #containers: OwnContainers;
  readonly #starter: ContainerStarter;
  readonly #remover: ContainerRemover;
  readonly #exited: ExitedContainers;
  readonly #collector: RunCollector;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<unknown>>();
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param parts What it is made of.
   */
  constructor(parts: DockerRunnerParts) {
    const { config, user } = parts;
    const ownership = new ContainerOwnership(config.instance);
    const containers = new OwnContainers({
      ...parts,
      ownership,
      isCodeLost: (info) => parts.watch.isLost(info),
    });
    this.#parts = parts;
    this.#ownership = ownership;
    this.#containers = containers;
    this.#remover = new ContainerRemover({ ...parts, ownership });
    this.#exited = new ExitedContainers({ ...parts, remover: this.#remover });
    this.#collector = new RunCollector({ ...parts, bucket: config.buckets.results });
    this.#starter = new ContainerStarter({
      ...parts,
      ownership,
      containers,
      remover: this.#remover,
      giveAway: user.uid === 0,
    });
  }

  /** {@inheritDoc Runner.specHash} */
  specHash(executable: Executable): string {
    return this.#starter.specHash(executable);
  }

  /** {@inheritDoc Runner.prepare} */
  async prepare(executable: Executable, options: PrepareOptions = {}): Promise<void> {
    await this.#starter.prepare(executable, options);
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
    return await this.#collector.take(info, options.signal);
  }

  /** {@inheritDoc Runner.stopContainer} */
  async stopContainer(
    container: string | ManagedContainer,
    options: StopContainerOptions = {},
  ): Promise<StopResult> {
    const { orchestrator, config } = this.#parts;
    const name = typeof container === "string" ? container : container.containerId;
    const told = typeof container === "string" ? undefined : infoOf(container);
    const info = told ? this.#containers.ifOwn(told) : await this.#containers.get(name, options);
    if (!info) throw new ContainerNotFoundError(name);
    const graceSeconds = options.graceSeconds ?? config.stopGraceSeconds;
    this.#parts.logs?.letGo(info.id);
    const outcome = await orchestrator.stop(info.id, { ...options, graceSeconds });
    const output = await outputTail(orchestrator, info.id, options);
    if (!options.keep) await this.#exited.release(info, options);
    this.#log.debug("container stopped", { container: info.name, ...outcome });
    return { ...outcome, output };
  }

  /** {@inheritDoc Runner.removeContainer} */
  async removeContainer(container: string, options: RemoveContainerOptions = {}): Promise<void> {
    const info = await this.#containers.get(container, options);
    if (!info) return;
    // What it prints until its end is stored, too.
    const isLive = info.phase === "running" || info.phase === "starting";
    if (this.#parts.logs && isLive) {
      this.#parts.logs.letGo(info.id);
      await this.#parts.orchestrator.stop(info.id, { ...options, graceSeconds: 0 });
    }
    await this.#exited.release(info, options);
  }

  /** {@inheritDoc Runner.getContainerStatus} */
  async getContainerStatus(
    container: string,
    options: RunnerCallOptions = {},
  ): Promise<ManagedContainer | undefined> {
    const info = await this.#containers.get(container, options);
    return info && await this.#containers.managed(info);
  }

  /** {@inheritDoc Runner.findContainers} */
  findContainers(
    kind: ContainerKind,
    id: string,
    options?: FindContainersOptions,
  ): Promise<ManagedContainer[]> {
    // A document may have any id: no container can be named after this one.
    if (!isBotId(id)) return Promise.resolve([]);
    return this.#containers.find(kind, id, options);
  }

  /** {@inheritDoc Runner.watch} */
  async *watch(options: WatchContainersOptions = {}): AsyncGenerator<ContainerHint> {
    // The store may be named while the hints are followed: each is looked at when it comes.
    const labels = { [LABEL.managed]: "true" };
    for await (
      const { labels: found, action, containerId } of this.#parts.orchestrator.watch({ ...options, labels })
    ) {
      const id = found[LABEL.id];
      // Starts are Berth's own; it does not know of ends, and of pauses.
      const isNews = id !== undefined && CHANGES.includes(action) &&
        this.#ownership.relationOf(found) !== "none";
      if (isNews) yield { id, kind: (found[LABEL.kind] ?? "bot") as ContainerKind, containerId };
    }
  }

  /** {@inheritDoc Runner.listManagedContainers} */
  async listManagedContainers(
    segment: number,
    options?: ListManagedContainersOptions,
  ): Promise<ManagedContainer[]> {
    const listed = await this.#containers.list(segment, options);
    const printed = listed.filter((info) => info.phase !== "pending" && this.#containers.ifOwn(info));
    this.#parts.logs?.adopt(printed.map(toCollectedContainer));
    await this.#exited.review(printed, options?.signal);
    this.#parts.watch.refresh();
    return await this.#containers.managedOf(listed.filter((info) => !isSetAside(info)));
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
    const { id, hostName, dataDir } = await this.#parts.orchestrator.info({ ...(signal && { signal }) });
    return `${hostName}/${id}${dataDir}`;
  }

  /** {@inheritDoc Runner.getContainerLogs} */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine> {
    return this.#parts.orchestrator.getLogs(container, options);
  }

  /** {@inheritDoc Runner.readLogs} */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<StoredLogLine> {
    parseBotId(id);
    const { orchestrator, store, config } = this.#parts;
    const labelsOf = (id: string) => ({ ...this.#ownership.searchLabels, [LABEL.id]: id });
    const own: Pick<ContainerOrchestrator, "readLog" | "listContainers"> = {
      readLog: (container, options) => orchestrator.readLog(container, options),
      listContainers: async (options) =>
        (await orchestrator.listContainers(options)).filter((info) => this.#containers.ifOwn(info)),
    };
    const reader = new LogReader({ orchestrator: own, store, bucket: config.buckets.logs, labelsOf });
    return reader.read(id, options);
  }

  /**
   * The metrics that a bot has printed since this process began.
   *
   * @param id Id of the bot.
   * @returns Empty where logs are not collected.
   */
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
    await this.#parts.logs?.close();
    await this.#parts.bytecode?.[Symbol.asyncDispose]();
    await this.#parts.watch[Symbol.asyncDispose]();
    await this.#parts.extractor[Symbol.asyncDispose]();
    await this.#parts.orchestrator[Symbol.asyncDispose]();
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startAndWait(executable: Executable, options: StartContainerOptions): Promise<ExecutionResult> {
    const started = await this.#starter.start(executable, options);
    this.#parts.logs?.start({
      containerId: started.containerId,
      id: executable.id,
      createdAt: started.created ? new Date(Date.now() - CLOCK_SKEW_MS) : new Date(0),
      isNew: started.created,
      ...(options.logIntervalSeconds !== undefined && { intervalMs: options.logIntervalSeconds * 1000 }),
    });
    options.onStarted?.(started.containerId);
    if (!(options.wait ?? !executable.isLongRunning)) return started;
    try {
      return await this.#collector.collect(executable, started, options);
    } finally {
      await this.#end(started.containerId, options.signal);
    }
  }

  /** After a run that was waited for. One that was given up gets its grace period, as at any other stop. */
  async #end(containerId: string, signal?: AbortSignal): Promise<void> {
    try {
      if (signal?.aborted) {
        const graceSeconds = this.#parts.config.stopGraceSeconds;
        this.#parts.logs?.letGo(containerId);
        await this.#parts.orchestrator.stop(containerId, { graceSeconds });
      }
      await this.removeContainer(containerId);
    } catch (error) {
      this.#log.error("container not removed", { container: containerId, error });
    }
  }
}
