/**
 * The Swarm's calls about services, tasks and nodes.
 *
 * @module
 */

import type { EngineCallOptions } from "../container_orchestrator.ts";
import { ContainerConflictError, EngineError } from "../../errors.ts";
import type { EngineRequest, EngineRequestOptions } from "../docker/dockerode_client.ts";
import { engineMessage, expectShape } from "../docker/dockerode_errors.ts";
import type { ManagerClient } from "./manager_client.ts";
import {
  hasSwarmId,
  isNodeList,
  isService,
  isServiceList,
  isTaskList,
  type SwarmNode,
  type SwarmService,
  type SwarmTask,
} from "./swarm_answers.ts";
import { NOWHERE, type SwarmContainerSpec, toServiceSpec } from "./swarm_service_spec.ts";

/** Filters of a list, in the Swarm's form. */
export type SwarmFilters = Readonly<Record<string, readonly string[]>>;

/** A service. */
export interface ServiceRef {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
}

/** How often an update is repeated that another one has overtaken. */
const MAX_UPDATES = 5;

/** Calls about services, tasks and nodes. */
export class SwarmServices {
  readonly #client: ManagerClient;
  readonly #limitMs: number;
  readonly #login: (image: string) => Promise<string | undefined>;

  /**
   * @param client The managers.
   * @param limitMs Time limit of a call, in ms.
   * @param login Finds the header with the credentials for an image, which the nodes pull.
   */
  constructor(
    client: ManagerClient,
    limitMs: number,
    login: (image: string) => Promise<string | undefined>,
  ) {
    this.#client = client;
    this.#limitMs = limitMs;
    this.#login = login;
  }

  /**
   * Creates a service.
   *
   * @param spec The specification.
   * @returns Its id.
   * @throws {ContainerConflictError} If the name is taken.
   */
  async create(spec: SwarmContainerSpec, options: EngineCallOptions): Promise<string> {
    const what = `create service '${spec.name}'`;
    const registryAuth = await this.#login(spec.image);
    const request = {
      what,
      method: "POST",
      path: "/services/create",
      body: toServiceSpec(spec),
      kind: "start",
      ...(registryAuth !== undefined && { registryAuth }),
    } as const;
    try {
      const { value } = await this.#client.call(request, this.#bounds(options));
      return expectShape(what, value, hasSwarmId).ID;
    } catch (error) {
      if (!(error instanceof EngineError) || !isTaken(error)) throw error;
      const message = `Cannot create service '${spec.name}': one of this name exists. Remove that one.`;
      throw new ContainerConflictError(spec.name, message, { cause: error });
    }
  }

  /** Reads a service; `undefined` if there is none. @param service Id or name. */
  async find(service: string, options: EngineCallOptions): Promise<SwarmService | undefined> {
    const what = `read service '${service}'`;
    const request = {
      what,
      method: "GET",
      path: `/services/${encodeURIComponent(service)}`,
      kind: "read",
    } as const;
    const { status, value } = await this.#client.call(request, this.#bounds(options), [404]);
    return status === 404 ? undefined : expectShape(what, value, isService);
  }

  /** Lists services. @param filters Which. */
  async list(filters: SwarmFilters, options: EngineCallOptions): Promise<SwarmService[]> {
    return expectShape("list services", await this.#list("services", filters, options), isServiceList);
  }

  /** Lists tasks. @param filters Which. */
  async tasks(filters: SwarmFilters, options: EngineCallOptions): Promise<SwarmTask[]> {
    return expectShape("list tasks", await this.#list("tasks", filters, options), isTaskList);
  }

  /**
   * Lists the tasks of services. Finds them by their names, which begin with that of the service and a dot: a manager has
   * an index of names. It would read each service once more to find its tasks by its id.
   *
   * @param services The services.
   */
  async tasksOf(services: readonly ServiceRef[], options: EngineCallOptions): Promise<SwarmTask[]> {
    // No filter would mean all tasks.
    if (services.length === 0) return [];
    const ids = new Set(services.map(({ id }) => id));
    const tasks = await this.tasks({ name: services.map(({ name }) => `${name}.`) }, options);
    // An earlier service of the name may have had others.
    return tasks.filter(({ ServiceID }) => ids.has(ServiceID));
  }

  /** Lists nodes. */
  async nodes(options: EngineCallOptions): Promise<SwarmNode[]> {
    return expectShape("list nodes", await this.#list("nodes", {}, options), isNodeList);
  }

  /**
   * Ends the task of a service, and keeps it with its log and exit code. A service without replicas would lose both:
   * the Swarm removes such tasks a quarter of a second after their end. Instead, the service gets a constraint that no
   * node meets.
   *
   * @param service Id of the service.
   * @returns False if there is no such service.
   */
  async stop(service: string, options: EngineCallOptions): Promise<boolean> {
    for (let tries = 1;; tries++) {
      const found = await this.find(service, options);
      if (!found) return false;
      const { TaskTemplate, ...spec } = found.Spec;
      const body = { ...spec, TaskTemplate: { ...TaskTemplate, Placement: { Constraints: [NOWHERE] } } };
      const request = {
        what: `stop service '${found.Spec.Name}'`,
        method: "POST",
        path: `/services/${found.ID}/update`,
        query: { version: found.Version.Index },
        body,
        kind: "stop",
      } as const;
      try {
        await this.#client.call(request, this.#bounds(options));
        return true;
      } catch (error) {
        const isOvertaken = error instanceof EngineError && /out of sequence/i.test(engineMessage(error));
        if (error instanceof EngineError && error.status === 404) return false;
        if (!isOvertaken || tries === MAX_UPDATES) throw error;
      }
    }
  }

  /** Removes a service; does nothing if there is none. @param service Id of the service. */
  async remove(service: string, options: EngineCallOptions): Promise<void> {
    const request = {
      what: `remove service '${service}'`,
      method: "DELETE",
      path: `/services/${encodeURIComponent(service)}`,
      kind: "remove",
    } as const;
    await this.#client.call(request, this.#bounds(options), [404]);
  }

  async #list(what: string, filters: SwarmFilters, options: EngineCallOptions): Promise<unknown> {
    const query = { filters: JSON.stringify(filters) };
    const request: EngineRequest = {
      what: `list ${what}`,
      method: "GET",
      path: `/${what}`,
      query,
      kind: "read",
    };
    return (await this.#client.call(request, this.#bounds(options))).value;
  }

  #bounds({ signal }: EngineCallOptions): EngineRequestOptions {
    return { signal, limitMs: this.#limitMs };
  }
}

/** Docker 20.10 says it by a status, others in words. */
function isTaken(error: EngineError): boolean {
  return error.status === 409 || /name conflicts with an existing object/i.test(engineMessage(error));
}
