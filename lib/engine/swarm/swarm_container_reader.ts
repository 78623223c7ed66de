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

/** The Swarm's own form of ids. The names of Berth's services contain an underscore. */
const SERVICE_ID = /^[0-9a-z]{25}$/;

/** How old the states of the nodes may be, in ms: a Swarm takes seconds to notice that one is down. */
const NODES_FRESH_MS = 500;

/** Reads containers. Many starts ask at the same time: they share calls. */
export class SwarmContainerReader {
  readonly #services: SwarmServices;
  readonly #clock: Clock;
  readonly #statusById = this.#batched("id");
  readonly #statusByName = this.#batched("name");
  #nodes: { readonly askedAt: number; readonly nodes: Promise<SwarmNode[]> } | undefined;

  /** @param services The Swarm's calls. @param clock The clock. */
  constructor(services: SwarmServices, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
  }

  /** Reads the state of a container; `undefined` if there is none. @param container Id or name. */
  async getStatus(container: string, { signal }: EngineCallOptions): Promise<SwarmContainer | undefined> {
    const status = SERVICE_ID.test(container) ? this.#statusById : this.#statusByName;
    return await abortable(status(container), signal);
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
    return await this.#join(services, tasks, nodes, options);
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

  #batched(key: "id" | "name"): (container: string) => Promise<SwarmContainer | undefined> {
    return batched({
      alone: async (container) => {
        const service = await this.#services.find(container, {});
        return service && (await this.#toContainers([service]))[0];
      },
      together: async (containers) => {
        // The filter takes beginnings: others may be among the found.
        const wanted = new Set(containers);
        const services = await this.#services.list({ [key]: [...wanted] }, {});
        const found = await this.#toContainers(
          services.filter(({ ID, Spec }) => wanted.has(key === "id" ? ID : Spec.Name)),
        );
        const byKey = new Map(found.map((container) => [container[key], container]));
        return containers.map((container) => byKey.get(container));
      },
    });
  }

  async #toContainers(services: readonly SwarmService[]): Promise<SwarmContainer[]> {
    const [tasks, nodes] = await Promise.all([
      this.#services.tasksOf(services.map(({ ID: id, Spec: { Name: name } }) => ({ id, name })), {}),
      this.#nodesNow(),
    ]);
    return await this.#join(services, tasks, nodes, {});
  }

  async #join(
    services: readonly SwarmService[],
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
    options: EngineCallOptions,
  ): Promise<SwarmContainer[]> {
    const containers = toSwarmContainers(services, tasks, nodes, this.#clock.now());
    const withTask = new Set(tasks.map(({ ServiceID }) => ServiceID));
    const without = services.map(({ ID }) => ID).filter((id) => !withTask.has(id));
    if (without.length === 0) return containers;
    // They are new, or were removed between the two calls.
    const still = new Set((await this.#services.list({ id: without }, options)).map(({ ID }) => ID));
    return containers.filter(({ id }) => withTask.has(id) || still.has(id));
  }
}

function toSwarmContainers(
  services: readonly SwarmService[],
  tasks: readonly SwarmTask[],
  nodes: readonly SwarmNode[],
  now: number,
): SwarmContainer[] {
  const ofService = Map.groupBy(tasks, ({ ServiceID }) => ServiceID);
  const known = new Map(nodes.map((node) => [node.ID, node]));
  return services.map((service) => toSwarmContainer(service, ofService.get(service.ID) ?? [], known, now));
}
