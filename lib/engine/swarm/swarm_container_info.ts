/**
 * Converts a service of a Swarm with its task into Berth's description of a container. Pure.
 *
 * @module
 */

import type { ContainerInfo, ContainerPhase } from "../container_orchestrator.ts";
import { TERMINATED } from "../../util/exit_codes.ts";
import type { SwarmNode, SwarmService, SwarmTask } from "./swarm_answers.ts";

/** A task's states before it runs. Nothing has to start it: the Swarm does. */
const STARTING: readonly string[] = [
  "new",
  "pending",
  "assigned",
  "accepted",
  "preparing",
  "ready",
  "starting",
];
const ENDED: readonly string[] = ["complete", "shutdown", "failed", "rejected"];
/** Age from which a service without a task has lost it, in ms: the Swarm makes a task within moments. */
const TASK_LIMIT_MS = 60_000;

/** A container as a Swarm has it. */
export interface SwarmContainer extends ContainerInfo {
  /** Id of its task; absent until the Swarm has made one. */
  readonly taskId?: string;
  /** Id of the container on its node; absent until that has made one. */
  readonly engineId?: string;
  /** The most processors that it may use; absent without a limit. */
  readonly cpus?: number;
  /** Time between SIGTERM and SIGKILL that it was created with, in seconds. */
  readonly graceSeconds?: number;
}

/**
 * Picks the task that is the container of a service. Berth's services restart nothing, so it is the first: a stop makes
 * the Swarm plan another one, which it can place nowhere.
 *
 * @param tasks Tasks of the service.
 */
export function taskOfService(tasks: readonly SwarmTask[]): SwarmTask | undefined {
  return tasks.reduce<SwarmTask | undefined>(
    (first, task) => first && first.CreatedAt <= task.CreatedAt ? first : task,
    undefined,
  );
}

/**
 * Converts a service.
 *
 * @param service The service.
 * @param tasks Its tasks.
 * @param nodes The nodes, by their id.
 * @param now The time in ms since 1970.
 */
export function toSwarmContainer(
  service: SwarmService,
  tasks: readonly SwarmTask[],
  nodes: ReadonlyMap<string, SwarmNode>,
  now: number,
): SwarmContainer {
  const { ID: id, CreatedAt, Spec } = service;
  const { ContainerSpec, Resources } = Spec.TaskTemplate;
  const task = taskOfService(tasks);
  const { MemoryBytes: memoryBytes, NanoCPUs: nanoCpus } = Resources?.Limits ?? {};
  const graceNs = ContainerSpec?.StopGracePeriod;
  const base = {
    id,
    name: Spec.Name,
    image: ContainerSpec?.Image ?? "",
    labels: Spec.Labels ?? {},
    ...(memoryBytes && { memoryBytes }),
    ...(nanoCpus && { cpus: nanoCpus / 1e9 }),
    ...(graceNs !== undefined && { graceSeconds: graceNs / 1e9 }),
    createdAt: new Date(CreatedAt),
  };
  if (!task) {
    const isLost = now - base.createdAt.getTime() > TASK_LIMIT_MS;
    return isLost
      ? { ...base, phase: "lost", reason: "the Swarm no longer has its task" }
      : { ...base, phase: "starting" };
  }
  const node = task.NodeID ? nodes.get(task.NodeID) : undefined;
  const nodeName = node?.Description?.Hostname;
  const phase = phaseOf(task, node);
  const { Err, Timestamp, ContainerStatus } = task.Status;
  const exitCode = exitCodeOf(task);
  const reason = phase === "lost" ? whyLost(task, node) : phase === "running" ? undefined : Err;
  return {
    ...base,
    taskId: task.ID,
    ...(task.NodeID && { nodeId: task.NodeID }),
    ...(ContainerStatus?.ContainerID && { engineId: ContainerStatus.ContainerID }),
    ...(nodeName !== undefined && { nodeName }),
    phase,
    ...(phase === "exited" && exitCode !== undefined && { exitCode }),
    ...(reason && { reason }),
    ...(phase === "running" && { startedAt: new Date(Timestamp) }),
    ...(phase === "exited" && { startedAt: new Date(task.CreatedAt), finishedAt: new Date(Timestamp) }),
  };
}

/**
 * Reads the exit code of a task that has ended. A Swarm also has one of a container that was never started (0, or that of
 * the engine), and has 0 of one that is gone: only a task that ended by itself has ended with 0. One that was told to end
 * may have ended well, or before its start.
 */
function exitCodeOf({ Status: { State, Message, ContainerStatus } }: SwarmTask): number | undefined {
  if (!ContainerStatus?.ContainerID || State === "rejected" || Message === "starting") return undefined;
  const { ExitCode = 0 } = ContainerStatus;
  if (ExitCode !== 0 || State === "complete") return ExitCode;
  return State === "shutdown" ? TERMINATED : undefined;
}

function phaseOf({ NodeID, Status: { State } }: SwarmTask, node: SwarmNode | undefined): ContainerPhase {
  if (ENDED.includes(State)) return "exited";
  // Any other state of a node, such as `unknown` after a change of the leader, says nothing about its tasks.
  if (State === "orphaned" || (NodeID && (!node || node.Status.State === "down"))) return "lost";
  return STARTING.includes(State) ? "starting" : "running";
}

function whyLost({ NodeID }: SwarmTask, node: SwarmNode | undefined): string {
  if (!node) return `its node '${NodeID}' is no longer part of the Swarm`;
  return `its node '${node.Description?.Hostname ?? NodeID}' is ${node.Status.State}`;
}
