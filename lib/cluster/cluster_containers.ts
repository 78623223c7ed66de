/**
 * The containers of a cluster: what the Swarm and their supervisors report of them.
 *
 * @module
 */

import type {
  CommandOutcome,
  ContainerEvent,
  ContainerInfo,
  ContainerOrchestrator,
  ContainerUsage,
  CopyFromContainerOptions,
  EngineCallOptions,
  EngineInfo,
  GetLogsOptions,
  ImageInfo,
  ListContainersOptions,
  LogEntry,
  LogLine,
  ReadLogOptions,
  RegistryImage,
  RunCommandOptions,
  RunOutcome,
  StopOptions,
  StopOutcome,
  WatchOptions,
} from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { SwarmContainers } from "../engine/swarm/swarm_orchestrator.ts";
import { ContainerNotFoundError } from "../errors.ts";
import type { SupervisedEnd, SupervisorLink, SupervisorSession } from "./supervisor_link.ts";

/** Operations on the containers of a cluster: the parts of an engine that a runner needs. */
export type ClusterEngine =
  & SwarmContainers
  & Pick<ContainerOrchestrator, "copyFromContainer" | "getUsage" | "runCommand">;

/** Joins a Swarm and its supervisors into one engine. */
export class ClusterContainers implements ClusterEngine {
  readonly #swarm: SwarmContainers;
  readonly #link: SupervisorLink;

  readonly #onBegun: (order: string, node: string) => void;

  /**
   * @param swarm The Swarm.
   * @param link Reaches the supervisors.
   * @param onBegun Called with each order that a supervisor is seen to have taken up, and the name of its node.
   */
  constructor(
    swarm: SwarmContainers,
    link: SupervisorLink,
    onBegun: (order: string, node: string) => void = () => {},
  ) {
    this.#swarm = swarm;
    this.#link = link;
    this.#onBegun = onBegun;
  }

  /** Reads the state of a container, with what its supervisor has reported. @param container Id or name. */
  async getStatus(container: string, options?: EngineCallOptions): Promise<ContainerInfo | undefined> {
    const info = await this.#swarm.getStatus(container, options);
    const order = info?.labels[LABEL.folder];
    // Its supervisor has not been there yet.
    if (!info || order === undefined || info.phase === "starting") return info;
    const session = await this.#link.session(order, options);
    if (session && info.nodeName !== undefined) this.#onBegun(order, info.nodeName);
    return withSession(info, session);
  }

  /** Lists containers as the Swarm sees them. */
  listContainers(options?: ListContainersOptions): Promise<ContainerInfo[]> {
    return this.#swarm.listContainers(options);
  }

  /** Says what a container uses, as its supervisor has last measured it. @param container Its id. */
  async getUsage(container: string, options?: EngineCallOptions): Promise<ContainerUsage | undefined> {
    const info = await this.#swarm.getStatus(container, options);
    const order = info?.labels[LABEL.folder];
    return info?.phase === "running" && order !== undefined
      ? await this.#link.usage(order, options)
      : undefined;
  }

  /** Has the supervisor of a container run a command beside the bot. @param container Its id. */
  async runCommand(container: string, options: RunCommandOptions): Promise<CommandOutcome> {
    return await this.#link.runCommand(await this.#orderOf(container, options), options);
  }

  /**
   * Reads the result that a program has left with its supervisor; there is no other file to read.
   *
   * @param container Its id.
   * @param _path Path of the result.
   */
  async copyFromContainer(
    container: string,
    _path: string,
    options: CopyFromContainerOptions,
  ): Promise<Uint8Array> {
    return await this.#link.result(await this.#orderOf(container, options), options);
  }

  /** Waits until a container exits. @param container Id or name. */
  async wait(container: string, options?: EngineCallOptions): Promise<RunOutcome> {
    const outcome = await this.#swarm.wait(container, options);
    const info = await this.getStatus(outcome.id, options);
    const { startedAt, finishedAt, exitCode = outcome.exitCode } = info ?? {};
    return {
      ...outcome,
      exitCode,
      oomKilled: info?.oomKilled ?? false,
      ...(startedAt && finishedAt && { durationMs: Math.max(0, finishedAt.getTime() - startedAt.getTime()) }),
    };
  }

  /** Stops a container, and keeps it. @param container Its id. */
  async stop(container: string, options: StopOptions): Promise<StopOutcome> {
    const outcome = await this.#swarm.stop(container, options);
    const info = await this.getStatus(container, options);
    const order = info?.labels[LABEL.folder];
    const end = order === undefined ? undefined : (await this.#link.session(order, options))?.end;
    return outcome.how === "stopped" && end?.isKilled ? { ...outcome, how: "killed" } : outcome;
  }

  /** Removes a container. @param container Its id. */
  remove(container: string, options?: EngineCallOptions): Promise<void> {
    return this.#swarm.remove(container, options);
  }

  /** Reads the output of a container line by line. @param container Id or name. */
  getLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine> {
    return this.#swarm.getLogs(container, options);
  }

  /** Reads the entries of a container's log. @param container Id or name. */
  readLog(container: string, options?: ReadLogOptions): AsyncIterable<readonly LogEntry[]> {
    return this.#swarm.readLog(container, options);
  }

  /** Reports changes. */
  watch(options?: WatchOptions): AsyncIterable<ContainerEvent> {
    return this.#swarm.watch(options);
  }

  /** Describes the Swarm. */
  info(options?: EngineCallOptions): Promise<EngineInfo> {
    return this.#swarm.info(options);
  }

  /** Describes an image on a manager. @param image Its reference. */
  inspectImage(image: string, options?: EngineCallOptions): Promise<ImageInfo | undefined> {
    return this.#swarm.inspectImage(image, options);
  }

  /** Asks the registry of an image what its tag stands for now. @param image Its reference. */
  findInRegistry(image: string, options?: EngineCallOptions): Promise<RegistryImage> {
    return this.#swarm.findInRegistry(image, options);
  }

  async #orderOf(container: string, options: EngineCallOptions): Promise<string> {
    const info = await this.#swarm.getStatus(container, options);
    const order = info?.labels[LABEL.folder];
    if (order === undefined) throw new ContainerNotFoundError(container);
    return order;
  }
}

/** Adds the supervisor's facts: when its program began and ended, and why. Times of nodes are by their own clocks. */
function withSession(info: ContainerInfo, session: SupervisorSession | undefined): ContainerInfo {
  if (!session) return info;
  const { begunAt, startedAt = begunAt, end } = session;
  const started = new Date(startedAt);
  if (info.phase !== "exited") return { ...info, startedAt: started };
  const finishedAt = end ? new Date(end.at) : info.finishedAt ?? started;
  const reason = end && whyEnded(end) || info.reason;
  return {
    ...info,
    ...(info.exitCode === undefined && end && { exitCode: end.exitCode }),
    ...(end?.isOutOfMemory && { oomKilled: true }),
    ...(reason && { reason }),
    startedAt: started,
    finishedAt: finishedAt < started ? started : finishedAt,
  };
}

function whyEnded({ cause, message }: SupervisedEnd): string | undefined {
  if (message !== undefined) return message;
  return cause === "fenced" ? "its lease could not be renewed" : undefined;
}
