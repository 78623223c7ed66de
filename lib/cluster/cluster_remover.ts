/**
 * Removes containers of a cluster with everything that belongs to them.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { SwarmObjects } from "../engine/swarm/swarm_objects.ts";
import type { ContainerOwnership } from "../runner/container_ownership.ts";
import type { ClusterEngine } from "./cluster_containers.ts";
import type { ClusterLeases } from "./cluster_leases.ts";
import { leaseOf } from "./lease_key.ts";
import type { SupervisorConfigs } from "./supervisor_configs.ts";
import type { WorkOrders } from "./work_orders.ts";

/** Kind of the secrets with the tokens of orders, in their label. */
export const TOKEN_KIND = "token";
/** Age at which a secret or an order without a service counts as left over, in ms: a start takes less. */
const ORPHAN_AGE_MS = 10 * 60_000;

/** Parts of a {@linkcode ClusterRemover}. */
export interface ClusterRemoverOptions {
  /** The containers. */
  readonly orchestrator: Pick<ClusterEngine, "getStatus" | "listContainers" | "remove">;
  /** The secrets of the Swarm. */
  readonly tokens: SwarmObjects;
  /** The configs of the supervisor. */
  readonly configs: SupervisorConfigs;
  /** The orders. */
  readonly orders: WorkOrders;
  /** The leases. */
  readonly leases: ClusterLeases;
  /** Tells this instance's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Called with each container that has ended, before it is removed. */
  readonly onEnded: (info: ContainerInfo, signal?: AbortSignal) => Promise<void>;
}

/** Removes the containers of one instance. */
export class ClusterRemover {
  readonly #options: ClusterRemoverOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ClusterRemoverOptions}. */
  constructor(options: ClusterRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes a container, its token and its order, and releases its lease if the container has certainly ended. The
   * lease of a lost container expires by itself.
   *
   * @param info The container.
   */
  async remove(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    const { orchestrator, leases, onEnded } = this.#options;
    const { id, labels } = info;
    const lease = leaseOf(labels);
    // It may have been stopped since: a supervisor that was killed has not released its lease.
    const now = info.phase === "exited" ? info : await orchestrator.getStatus(id, { signal });
    if (now?.phase === "exited") await onEnded(now, signal);
    if (now?.phase === "exited" && lease) await leases.release(lease, { signal });
    await orchestrator.remove(id, { signal });
    const order = labels[LABEL.folder];
    if (order !== undefined) await this.discardOrder(order, signal);
  }

  /** Removes an order and its token. @param order Id of the order. */
  async discardOrder(order: string, signal?: AbortSignal): Promise<void> {
    const { tokens, orders } = this.#options;
    await tokens.remove(tokenName(order), { signal });
    await orders.remove(order, { signal });
  }

  /**
   * Removes what a killed process left behind: tokens and orders without a service, and programs of supervisors that no
   * service uses.
   *
   * @returns Names of what was removed.
   */
  async removeOrphans(signal?: AbortSignal): Promise<string[]> {
    const { tokens, orders, configs, orchestrator, ownership } = this.#options;
    const before = Date.now() - ORPHAN_AGE_MS;
    const labels = { ...ownership.instanceLabels, [LABEL.kind]: TOKEN_KIND };
    const old = (await tokens.list(labels, { signal }))
      .filter(({ CreatedAt, Spec }) =>
        Date.parse(CreatedAt) < before && ownership.relationOf(Spec.Labels ?? {}) === "own"
      );
    const ids = new Set(old.flatMap(({ Spec }) => Spec.Labels?.[LABEL.folder] ?? []));
    for (const id of await orders.list({ signal })) {
      const order = ids.has(id) ? undefined : await orders.get(id, { signal });
      if (order && Date.parse(order.givenAt) < before) ids.add(id);
    }
    if (ids.size > 0) {
      // Listed last: whatever is older than this and has no service gets none any more.
      const used = await orchestrator.listContainers({ labels: { [LABEL.managed]: "true" }, signal });
      for (const { labels } of used) ids.delete(labels[LABEL.folder] ?? "");
    }
    const removed: string[] = [];
    for (const id of ids) {
      signal?.throwIfAborted();
      try {
        await this.discardOrder(id, signal);
        removed.push(id);
      } catch (error) {
        signal?.throwIfAborted();
        this.#log.warn("leftover not removed yet", { name: id, error });
      }
    }
    return [...removed, ...await configs.removeUnused(signal)];
  }
}

/** Name of the secret with the token of an order. @param order Id of the order. */
export function tokenName(order: string): string {
  return `berth-token-${order}`;
}
