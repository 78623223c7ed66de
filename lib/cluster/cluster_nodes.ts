/**
 * The nodes of the Swarm, with what Berth has on them.
 *
 * @module
 */

import { LABEL } from "../engine/labels.ts";
import type { SwarmNode } from "../engine/swarm/swarm_answers.ts";
import type { SwarmContainer } from "../engine/swarm/swarm_container_info.ts";
import type { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import type { ContainerOwnership } from "../runner/container_ownership.ts";
import type { NodeAvailability, NodeCallOptions, RunnerNode, RunnerNodes } from "../runner/runner_nodes.ts";

/** Reads and changes the nodes of the Swarm. */
export class ClusterNodes implements RunnerNodes {
  readonly #swarm: Pick<SwarmOrchestrator, "nodes" | "listContainers" | "setAvailability">;
  readonly #ownership: Pick<ContainerOwnership, "instanceLabels">;

  /** @param swarm The Swarm. @param ownership Knows the labels of the containers that count. */
  constructor(
    swarm: Pick<SwarmOrchestrator, "nodes" | "listContainers" | "setAvailability">,
    ownership: Pick<ContainerOwnership, "instanceLabels">,
  ) {
    this.#swarm = swarm;
    this.#ownership = ownership;
  }

  /** {@inheritDoc RunnerNodes.list} */
  async list(options: NodeCallOptions = {}): Promise<RunnerNode[]> {
    const [nodes, containers] = await Promise.all([
      this.#swarm.nodes(options),
      this.#swarm.listContainers({ labels: this.#ownership.instanceLabels, ...options }),
    ]);
    return toRunnerNodes(nodes, containers);
  }

  /** {@inheritDoc RunnerNodes.setAvailability} */
  async setAvailability(
    id: string,
    availability: NodeAvailability,
    options: NodeCallOptions = {},
  ): Promise<boolean> {
    return await this.#swarm.setAvailability(id, availability, options);
  }
}

/**
 * Joins nodes with the containers on them. A container that has ended, or was lost, uses nothing.
 *
 * @param nodes The nodes.
 * @param containers Containers.
 */
export function toRunnerNodes(
  nodes: readonly SwarmNode[],
  containers: readonly SwarmContainer[],
): RunnerNode[] {
  const live = containers.filter(({ phase }) => phase === "starting" || phase === "running");
  const byNode = Map.groupBy(live, ({ nodeId }) => nodeId);
  return nodes.map((node) => toRunnerNode(node, byNode.get(node.ID) ?? []))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || (a.id < b.id ? -1 : 1));
}

function toRunnerNode(
  { ID, Spec, Description, Status, ManagerStatus }: SwarmNode,
  containers: readonly SwarmContainer[],
): RunnerNode {
  const { MemoryBytes: memoryBytes, NanoCPUs: nanoCpus } = Description?.Resources ?? {};
  const engine = Description?.Engine?.EngineVersion;
  const bots = containers.filter(({ labels }) => labels[LABEL.kind] === "bot");
  return {
    id: ID,
    name: Description?.Hostname ?? ID,
    ...(Status.Addr && { address: Status.Addr }),
    role: Spec.Role,
    isLeader: ManagerStatus?.Leader ?? false,
    state: Status.State,
    ...(Status.Message && { message: Status.Message }),
    availability: Spec.Availability,
    ...(engine !== undefined && { engine }),
    labels: { ...Spec.Labels },
    ...(memoryBytes && { memoryBytes }),
    ...(nanoCpus && { cpus: nanoCpus / 1e9 }),
    bots: bots.map(({ labels }) => labels[LABEL.id] ?? "").sort(),
    runs: containers.length - bots.length,
    memoryLimitBytes: containers.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0),
    cpuLimit: Math.round(containers.reduce((sum, { cpus = 0 }) => sum + cpus, 0) * 100) / 100,
  };
}
