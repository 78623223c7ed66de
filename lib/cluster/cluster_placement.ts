/**
 * Decides on the constraints for the node of a container. The Swarm then chooses a node.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { ContainerKind } from "../engine/labels.ts";
import type { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import type { SwarmContainerSpec } from "../engine/swarm/swarm_service_spec.ts";
import type { Executable } from "../executable/executable.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import { metWishes } from "./node_conditions.ts";
import type { SupervisorLink } from "./supervisor_link.ts";

/** How long a bot waits for the node that alone has its latest state, in ms: Berth may not reach that node. */
const NODE_PATIENCE_MS = 3 * 60_000;
/** How long a bot avoids the node on which its last copy could not work, in ms. */
const AVOID_MS = 10 * 60_000;
/** If copies on several nodes fail within this time of each other, in ms, Berth was down. */
const OUTAGE_MS = 20_000;
const MAX_REMEMBERED = 10_000;

/** A node on which copies of a bot could not work. */
interface AvoidedNode {
  readonly node: string;
  /** How many in a row. */
  readonly times: number;
  /** When the last one was removed, as `Clock.monotonic` counts. */
  readonly at: number;
}

/** Decides where containers may run. */
export class ClusterPlacement {
  readonly #swarm: Pick<SwarmOrchestrator, "recentNodes">;
  readonly #link: Pick<SupervisorLink, "newestState">;
  /** Since when bots are kept on the node of their state, by the order that has it. */
  readonly #awaited = new LRUCache<string, number>({ max: MAX_REMEMBERED });
  readonly #avoided = new LRUCache<string, AvoidedNode>({ max: MAX_REMEMBERED, ttl: AVOID_MS });
  readonly #clock: Pick<Clock, "monotonic">;

  /** @param swarm Knows the nodes. @param link Knows where states are. @param clock The clock. */
  constructor(
    swarm: Pick<SwarmOrchestrator, "recentNodes">,
    link: Pick<SupervisorLink, "newestState">,
    clock: Pick<Clock, "monotonic"> = systemClock,
  ) {
    this.#swarm = swarm;
    this.#link = link;
    this.#clock = clock;
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
    const key = `${kind}/${id}`;
    if (node === undefined) return void this.#avoided.delete(key);
    const last = this.#avoided.get(key);
    const times = last?.node === node ? last.times + 1 : 1;
    this.#avoided.set(key, { node, times, at: this.#clock.monotonic() });
  }

  /**
   * Decides where a container may run.
   *
   * @param executable The executable that runs in it.
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
    const met = wishes.length === 0
      ? []
      : metWishes(await this.#swarm.recentNodes(options), constraints, wishes);
    return { constraints: [...constraints, ...met], spread };
  }

  /**
   * If copies on several nodes could not work at about the same time, Berth or its database was down, and no node is at
   * fault. If a bot fails twice in a row on a node, a working Berth has started it there the second time.
   */
  #avoidedBy(kind: ContainerKind, id: string): string | undefined {
    const avoided = this.#avoided.get(`${kind}/${id}`);
    if (!avoided) return undefined;
    const { node, times, at } = avoided;
    const wasOutage = times === 1 &&
      [...this.#avoided.values()].some((other) => other.node !== node && Math.abs(other.at - at) < OUTAGE_MS);
    return wasOutage ? undefined : node;
  }

  /**
   * A state ties its bot to its node if it does not follow the bot, or if its last changes were not stored and the node
   * can run the bot.
   */
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
    return metWishes(await this.#swarm.recentNodes(options), placement?.constraints ?? [], there);
  }

  #awaits(mark: string): boolean {
    const now = this.#clock.monotonic();
    const since = this.#awaited.get(mark) ?? now;
    this.#awaited.set(mark, since);
    return now - since < NODE_PATIENCE_MS;
  }
}
