/**
 * Reads the states of containers on a Docker Swarm, out of its services, tasks and nodes.
 *
 * @module
 */

import { batched } from "../../util/batched.ts";
import type { Clock } from "../../util/clock.ts";
import { abortable } from "../../util/promises.ts";
import type { EngineCallOptions, ListContainersOptions } from "../container_orchestrator.ts";
import type { SwarmNode, SwarmService, SwarmTask } from "./swarm_answers.ts";
import { type SwarmContainer, toSwarmContainer } from "./swarm_container_info.ts";
import type { SwarmServices } from "./swarm_services.ts";

/** The Swarm's own form of ids. */
const SERVICE_ID = /^[0-9a-z]{25}$/;

/** How old the states of the nodes may be, in ms: a Swarm takes seconds to notice that one is down. */
const NODES_FRESH_MS = 500;

/** Reads containers. Many starts ask at the same time: they share calls. */
export class SwarmContainerReader {
  readonly #services: SwarmServices;
  readonly #clock: Clock;
  readonly #status = batched<string, SwarmContainer | undefined>({
    alone: (container) => this.#readStatus(container),
    together: (ids) => this.#readStatuses(ids),
  });
  #nodes: { readonly askedAt: number; readonly nodes: Promise<SwarmNode[]> } | undefined;

  /** @param services The Swarm's calls. @param clock The clock. */
  constructor(services: SwarmServices, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
  }

  /** Reads the state of a container; `undefined` if there is none. @param container Id or name. */
  async getStatus(container: string, { signal }: EngineCallOptions): Promise<SwarmContainer | undefined> {
    return await abortable(this.#status(container), signal);
  }

  /** Lists containers with the times of their start and end. */
  async list({ labels = {}, ...options }: ListContainersOptions): Promise<SwarmContainer[]> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    // The tasks are read after the services, so that a service with a task is never seen without it.
    const services = await this.#services.list({ label }, options);
    if (services.length === 0) return [];
    const [tasks, nodes] = await Promise.all([
      this.#services.tasks({ label }, options),
      this.recentNodes(options),
    ]);
    return toSwarmContainers(services, tasks, nodes, this.#clock.now());
  }

  /** Lists the nodes as they were at most half a second ago. */
  async recentNodes({ signal }: EngineCallOptions): Promise<SwarmNode[]> {
    return await abortable(this.#nodesNow(), signal);
  }

  #nodesNow(): Promise<SwarmNode[]> {
    const now = this.#clock.monotonic();
    if (this.#nodes && now - this.#nodes.askedAt < NODES_FRESH_MS) return this.#nodes.nodes;
    const asked = { askedAt: now, nodes: this.#services.nodes({}) };
    asked.nodes.catch(() => {
      if (this.#nodes === asked) this.#nodes = undefined;
    });
    this.#nodes = asked;
    return asked.nodes;
  }

  async #readStatus(container: string): Promise<SwarmContainer | undefined> {
    const service = await this.#services.find(container, {});
    if (!service) return undefined;
    const [tasks, nodes] = await Promise.all([
      this.#services.tasksOf(service.ID, {}),
      this.#nodesNow(),
    ]);
    return tasks && toSwarmContainer(service, tasks, byId(nodes), this.#clock.now());
  }

  /** @returns `undefined` if each has to be read alone: one has a name instead of an id, or was removed meanwhile. */
  async #readStatuses(ids: readonly string[]): Promise<(SwarmContainer | undefined)[] | undefined> {
    if (!ids.every((id) => SERVICE_ID.test(id))) return undefined;
    const services = await this.#services.list({ id: [...new Set(ids)] }, {});
    const [tasks, nodes] = await Promise.all([
      this.#services.tasksOf(services.map(({ ID }) => ID), {}),
      this.#nodesNow(),
    ]);
    if (!tasks) return undefined;
    const found = toSwarmContainers(services, tasks, nodes, this.#clock.now());
    return ids.map((id) => found.find((container) => container.id === id));
  }
}

function toSwarmContainers(
  services: readonly SwarmService[],
  tasks: readonly SwarmTask[],
  nodes: readonly SwarmNode[],
  now: number,
): SwarmContainer[] {
  const ofService = Map.groupBy(tasks, ({ ServiceID }) => ServiceID);
  const known = byId(nodes);
  return services.map((service) => toSwarmContainer(service, ofService.get(service.ID) ?? [], known, now));
}

function byId(nodes: readonly SwarmNode[]): Map<string, SwarmNode> {
  return new Map(nodes.map((node) => [node.ID, node]));
}
