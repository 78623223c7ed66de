/**
 * Decides what the node of a container has to meet. The Swarm then chooses one.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { ContainerKind } from "../engine/labels.ts";
import type { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import type { SwarmContainerSpec } from "../engine/swarm/swarm_service_spec.ts";
import type { Executable } from "../executable/executable.ts";
import { metWishes } from "./node_conditions.ts";
import type { SupervisorLink } from "./supervisor_link.ts";

/** How long a bot is kept on the node that alone has the end of its state, in ms: Berth may not reach that node. */
const NODE_PATIENCE_MS = 3 * 60_000;
/** How long a bot avoids the node on which its last copy could not work, in ms. */
const AVOID_MS = 10 * 60_000;
const MAX_REMEMBERED = 10_000;

/** Decides where containers may run. */
export class ClusterPlacement {
  readonly #swarm: Pick<SwarmOrchestrator, "nodes">;
  readonly #link: Pick<SupervisorLink, "newestState">;
  /** Since when bots are kept on the node of their state, by the order that has it. */
  readonly #awaited = new LRUCache<string, number>({ max: MAX_REMEMBERED });
  readonly #avoided = new LRUCache<string, string>({ max: MAX_REMEMBERED, ttl: AVOID_MS });

  /** @param swarm Knows the nodes. @param link Knows where states are. */
  constructor(swarm: Pick<SwarmOrchestrator, "nodes">, link: Pick<SupervisorLink, "newestState">) {
    this.#swarm = swarm;
    this.#link = link;
  }

  /**
   * Has the next copy of a bot take another node, if one may be taken. A Swarm also places tasks on a node that reaches
   * its managers and not Berth, and prefers it, since nothing stays there.
   *
   * @param kind Purpose of the copy.
   * @param id Id of the bot.
   * @param node Name of the node on which the last copy could not work; `undefined` if it could.
   */
  avoid(kind: string, id: string, node: string | undefined): void {
    if (node === undefined) this.#avoided.delete(`${kind}/${id}`);
    else this.#avoided.set(`${kind}/${id}`, node);
  }

  /**
   * Decides where a container may run.
   *
   * @param executable What runs in it.
   * @param kind Its purpose.
   * @param options A signal.
   */
  async of(
    executable: Pick<Executable, "id" | "placement" | "state">,
    kind: ContainerKind,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<Pick<SwarmContainerSpec, "constraints" | "spread">> {
    const { constraints: own = [], spread = [], prefer = [] } = executable.placement ?? {};
    const constraints = [...own, ...await this.#ofState(executable, kind, options)];
    const avoided = this.#avoidedBy(kind, executable.id);
    const wishes = [...(avoided === undefined ? [] : [`node.hostname!=${avoided}`]), ...prefer];
    const met = wishes.length === 0 ? [] : metWishes(await this.#swarm.nodes(options), constraints, wishes);
    return { constraints: [...constraints, ...met], spread };
  }

  /** If copies on several nodes could not work, Berth or its database was away, and no node is at fault. */
  #avoidedBy(kind: ContainerKind, id: string): string | undefined {
    const avoided = this.#avoided.get(`${kind}/${id}`);
    return avoided !== undefined && new Set(this.#avoided.values()).size === 1 ? avoided : undefined;
  }

  /** A state keeps its bot on its node if it stays there, or if its end was not stored and the node can run the bot. */
  async #ofState(
    { id, state, placement }: Pick<Executable, "id" | "placement" | "state">,
    kind: ContainerKind,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<string[]> {
    if (state === undefined || kind === "backtest") return [];
    const newest = await this.#link.newestState(id, options);
    if (!newest) return [];
    const there = [`node.hostname==${newest.node}`];
    if (state.follow === false) return there;
    if (newest.isStored || !this.#awaits(newest.mark)) return [];
    return metWishes(await this.#swarm.nodes(options), placement?.constraints ?? [], there);
  }

  #awaits(mark: string): boolean {
    const now = performance.now();
    const since = this.#awaited.get(mark) ?? now;
    this.#awaited.set(mark, since);
    return now - since < NODE_PATIENCE_MS;
  }
}
