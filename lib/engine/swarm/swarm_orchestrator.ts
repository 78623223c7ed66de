/**
 * Containers on a Docker Swarm: each is a service with one task, which the Swarm places on a node and runs once.
 *
 * @module
 */

import type { EngineConnection } from "../docker/connect_docker.ts";
import type {
  ContainerEvent,
  ContainerInfo,
  ContainerOrchestrator,
  EngineCallOptions,
  EngineInfo,
  GetLogsOptions,
  ImageInfo,
  ListContainersOptions,
  LogEntry,
  LogLine,
  ReadLogOptions,
  RegistryImage,
  RunOutcome,
  StopOptions,
  StopOutcome,
  WatchOptions,
} from "../container_orchestrator.ts";
import { KILLED } from "../../util/exit_codes.ts";
import { ContainerNotFoundError } from "../../errors.ts";
import { type Clock, systemClock } from "../../util/clock.ts";
import type { OnEngineCall } from "../docker/dockerode_client.ts";
import { isVersion } from "../docker/dockerode_answers.ts";
import { expectShape } from "../docker/dockerode_errors.ts";
import { DockerodeImages } from "../docker/dockerode_images.ts";
import { type FindLogin, loginsOf } from "../docker/registry_credentials.ts";
import { readLogLines } from "../read_log_lines.ts";
import { ManagerClient } from "./manager_client.ts";
import { setAvailability } from "./set_availability.ts";
import { isSwarm, type SwarmNode } from "./swarm_answers.ts";
import type { SwarmContainer } from "./swarm_container_info.ts";
import { SwarmContainerReader } from "./swarm_container_reader.ts";
import { SwarmLogs } from "./swarm_logs.ts";
import { SwarmObjects } from "./swarm_objects.ts";
import { type StartLimits, SwarmPoller } from "./swarm_poller.ts";
import { SwarmServices } from "./swarm_services.ts";
import type { SwarmContainerSpec } from "./swarm_service_spec.ts";
import { watchTasks } from "./swarm_watcher.ts";

/** Options of {@linkcode SwarmOrchestrator}. */
export interface SwarmOrchestratorOptions {
  /** Labels of the services whose tasks are watched. */
  readonly labels: Readonly<Record<string, string>>;
  /** Time limit of a call in ms, over all managers. @default {30_000} */
  readonly callMs?: number;
  /** How long one manager may take for an answer, in ms. @default {8_000} */
  readonly attemptMs?: number;
  /** Called when a call has ended. @default {nothing is called} */
  readonly onCall?: OnEngineCall;
  /** Finds the credentials of registries. @default {there are none} */
  readonly logins?: FindLogin;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

/** The operations that a Swarm offers like an engine. The others need a program in the container. */
export type SwarmContainers = Pick<
  ContainerOrchestrator,
  | "getLogs"
  | "getStatus"
  | "inspectImage"
  | "findInRegistry"
  | "info"
  | "listContainers"
  | "readLog"
  | "remove"
  | "stop"
  | "wait"
  | "watch"
>;

/** Time that a stop may take beyond the grace period, in ms: an engine waits 2 s before it sends SIGTERM. */
const STOP_MARGIN_MS = 30_000;
/** How often a task that was told to end, or is waited for, is looked at, in ms. */
const POLL_MS = 500;
const REGISTRY_MS = 10_000;
const PULL_STALL_MS = 300_000;

/** Containers on a Swarm. The id of a container is that of its service. */
export class SwarmOrchestrator implements SwarmContainers, AsyncDisposable {
  readonly #client: ManagerClient;
  readonly #services: SwarmServices;
  readonly #containers: SwarmContainerReader;
  readonly #images: DockerodeImages;
  readonly #logs: SwarmLogs;
  readonly #poller: SwarmPoller;
  readonly #clock: Clock;
  readonly #callMs: number;
  /** Configs of the Swarm. */
  readonly configs: SwarmObjects;
  /** Secrets of the Swarm. */
  readonly secrets: SwarmObjects;

  /**
   * @param managers Connections to managers, see `connectEngine()`; at least one. Closed with this object.
   * @param options See {@linkcode SwarmOrchestratorOptions}.
   */
  constructor(managers: readonly EngineConnection[], options: SwarmOrchestratorOptions) {
    const { labels, callMs = 30_000, logins = loginsOf(undefined), clock = systemClock, ...rest } = options;
    this.#clock = clock;
    this.#callMs = callMs;
    this.#client = new ManagerClient(managers, rest);
    this.#services = new SwarmServices(this.#client, callMs, async (image) => (await logins(image)).header);
    this.#containers = new SwarmContainerReader(this.#services, clock);
    this.#poller = new SwarmPoller({ services: this.#services, labels, clock });
    this.#images = new DockerodeImages(this.#client, {
      callMs,
      registryMs: REGISTRY_MS,
      pullStallMs: PULL_STALL_MS,
    }, logins);
    this.#logs = new SwarmLogs({
      client: this.#client,
      poller: this.#poller,
      find: (container, signal) => this.getStatus(container, { signal }),
      limitMs: callMs,
    });
    this.configs = new SwarmObjects(this.#client, "config", callMs);
    this.secrets = new SwarmObjects(this.#client, "secret", callMs);
  }

  /** Describes the Swarm as one engine: its id, and the platform and resources of its nodes together. */
  async info({ signal }: EngineCallOptions = {}): Promise<EngineInfo> {
    const what = "ask for the Swarm";
    const ask = async (path: string) =>
      (await this.#client.call({ what, method: "GET", path }, { signal, limitMs: this.#callMs })).value;
    const [swarm, version, nodes] = await Promise.all([
      ask("/swarm"),
      ask("/version"),
      this.#services.nodes({ signal }),
    ]);
    const { ID } = expectShape(what, swarm, isSwarm);
    const { ApiVersion } = expectShape(what, version, isVersion);
    const { Platform, Engine } = nodes.find(({ Status }) => Status.State === "ready")?.Description ?? {};
    const sum = (of: (node: SwarmNode) => number | undefined) =>
      nodes.reduce((total, node) => total + (of(node) ?? 0), 0);
    return {
      id: ID,
      dataDir: "",
      hostName: "swarm",
      version: Engine?.EngineVersion ?? "unknown",
      apiVersion: ApiVersion,
      platform: `${Platform?.OS ?? "linux"}/${goArchitecture(Platform?.Architecture)}`,
      memoryBytes: sum(({ Description }) => Description?.Resources?.MemoryBytes),
      cpus: sum(({ Description }) => Description?.Resources?.NanoCPUs) / 1e9,
      storage: "that of the nodes",
      unenforced: ["cpu_shares"],
    };
  }

  /** Lists the nodes of the Swarm. */
  async nodes(options: EngineCallOptions = {}): Promise<SwarmNode[]> {
    return await this.#services.nodes(options);
  }

  /** Lists the nodes as they were at most half a second ago, for callers that many starts ask at once. */
  async recentNodes(options: EngineCallOptions = {}): Promise<SwarmNode[]> {
    return await this.#containers.recentNodes(options);
  }

  /**
   * Sets whether the Swarm places tasks on a node. Containers on it keep running, unless it is `drain`.
   *
   * @param node Id of the node.
   * @param availability `pause` keeps new tasks away.
   * @returns False if there is no such node.
   */
  async setAvailability(
    node: string,
    availability: SwarmNode["Spec"]["Availability"],
    options: EngineCallOptions = {},
  ): Promise<boolean> {
    const request = { node, availability, limitMs: this.#callMs, ...options };
    return await setAvailability(this.#client, this.#services, request);
  }

  /** Describes an image on a manager; `undefined` if that one does not have it. @param image Its reference. */
  async inspectImage(image: string, options: EngineCallOptions = {}): Promise<ImageInfo | undefined> {
    return await this.#images.inspect(image, options);
  }

  /** Asks the registry of an image what its tag stands for now. @param image Its reference. */
  async findInRegistry(image: string, options: EngineCallOptions = {}): Promise<RegistryImage> {
    return await this.#images.findInRegistry(image, options);
  }

  /**
   * Makes the Swarm run a container. Its phase is `starting` until a node runs it.
   *
   * @param spec The specification.
   * @throws {ContainerConflictError} If the name is taken.
   */
  async create(spec: SwarmContainerSpec, options: EngineCallOptions = {}): Promise<ContainerInfo> {
    const id = await this.#services.create(spec, options);
    const { name, image, labels } = spec;
    this.#poller.expectStart({ id, name });
    return {
      id,
      name,
      image,
      labels: { ...labels },
      phase: "starting",
      createdAt: new Date(this.#clock.now()),
    };
  }

  /**
   * Waits until a container that was created runs, or has ended, or the time is over.
   *
   * @param container Its id.
   * @param limits See {@linkcode StartLimits}.
   */
  async waitUntilStarted(container: string, limits: StartLimits): Promise<void> {
    await this.#poller.untilStarted(container, limits);
  }

  /** Reads the state of a container; `undefined` if there is none. @param container Id or name. */
  async getStatus(container: string, options: EngineCallOptions = {}): Promise<SwarmContainer | undefined> {
    return await this.#containers.getStatus(container, options);
  }

  /** Lists containers with the times of their start and end. */
  async listContainers(options: ListContainersOptions = {}): Promise<SwarmContainer[]> {
    return await this.#containers.list(options);
  }

  /** Waits until a container exits. @param container Id or name. */
  async wait(container: string, { signal }: EngineCallOptions = {}): Promise<RunOutcome> {
    while (true) {
      const info = await this.getStatus(container, { signal });
      if (!info) throw new ContainerNotFoundError(container);
      if (info.phase === "exited" || info.phase === "lost") return outcomeOf(info);
      await this.#clock.sleep(POLL_MS, signal);
    }
  }

  /**
   * Ends a container by SIGTERM, then by SIGKILL after the grace period that it was created with, and waits for its
   * end. Keeps it, with its log and exit code.
   *
   * @param container Id of the container.
   * @param options A signal. The grace period counts only for a container that was created without one.
   */
  async stop(container: string, { graceSeconds, signal }: StopOptions): Promise<StopOutcome> {
    const before = await this.getStatus(container, { signal });
    if (!before) throw new ContainerNotFoundError(container);
    if (before.phase === "exited") {
      return { how: "already-exited", exitCode: before.exitCode ?? UNKNOWN_EXIT };
    }
    if (!await this.#services.stop(before.id, { signal })) throw new ContainerNotFoundError(container);
    const graceMs = 1000 * (before.graceSeconds ?? graceSeconds);
    const deadline = this.#clock.monotonic() + graceMs + STOP_MARGIN_MS;
    while (true) {
      const info = await this.getStatus(before.id, { signal });
      if (!info) throw new ContainerNotFoundError(container);
      const isOver = info.phase === "exited" || isNowhere(info) || this.#clock.monotonic() > deadline;
      if (isOver || info.phase === "lost") {
        const exitCode = info.exitCode ?? UNKNOWN_EXIT;
        return { how: exitCode === UNKNOWN_EXIT ? "killed" : "stopped", exitCode };
      }
      await this.#clock.sleep(POLL_MS, signal);
    }
  }

  /** Removes a container, running or not, with its log. Does nothing if there is none. @param container Its id. */
  async remove(container: string, options: EngineCallOptions = {}): Promise<void> {
    await this.#services.remove(container, options);
  }

  /** Reads the output of a container line by line. @param container Id or name. */
  getLogs(container: string, options: GetLogsOptions = {}): AsyncIterable<LogLine> {
    return readLogLines(this, container, options);
  }

  /** Reads the entries of a container's log. @param container Id or name. */
  readLog(container: string, options: ReadLogOptions = {}): AsyncIterable<readonly LogEntry[]> {
    return this.#logs.readEntries(container, options);
  }

  /** Reports containers that begin to run or end, and those whose node is down or back. */
  watch(options: WatchOptions = {}): AsyncIterable<ContainerEvent> {
    return watchTasks(this.#poller, (labels, signal) => this.#services.list(labels, { signal }), options);
  }

  /** Cancels every call and closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#poller.close();
    this.#client.close();
    return Promise.resolve();
  }
}

/** Exit code of a container that SIGKILL ended, or whose own nobody knows. */
const UNKNOWN_EXIT = KILLED;

/** Whether it was told to end before it was placed on a node, so that it never starts. */
function isNowhere({ phase, nodeId }: SwarmContainer): boolean {
  return phase === "starting" && nodeId === undefined;
}

function outcomeOf({ id, exitCode = UNKNOWN_EXIT, startedAt, finishedAt }: SwarmContainer): RunOutcome {
  const durationMs = startedAt && finishedAt ? Math.max(0, finishedAt.getTime() - startedAt.getTime()) : 0;
  return { id, exitCode, oomKilled: false, durationMs };
}

/** Nodes say `x86_64`, images `amd64`. */
function goArchitecture(name = "amd64"): string {
  return { x86_64: "amd64", aarch64: "arm64" }[name] ?? name;
}
