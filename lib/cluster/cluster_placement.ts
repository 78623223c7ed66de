/**
 * Decides what the node of a container has to meet. The Swarm then chooses one.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";
import type { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import type { SwarmContainerSpec } from "../engine/swarm/swarm_service_spec.ts";
import type { Executable } from "../executable/executable.ts";
import { metWishes } from "./node_conditions.ts";
import type { SupervisorLink } from "./supervisor_link.ts";

/** Decides where containers may run. */
export class ClusterPlacement {
  readonly #swarm: Pick<SwarmOrchestrator, "nodes">;
  readonly #link: Pick<SupervisorLink, "stateNode">;

  /** @param swarm Knows the nodes. @param link Knows where states are. */
  constructor(swarm: Pick<SwarmOrchestrator, "nodes">, link: Pick<SupervisorLink, "stateNode">) {
    this.#swarm = swarm;
    this.#link = link;
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
    const wishes = prefer.length === 0
      ? []
      : metWishes(await this.#swarm.nodes(options), constraints, prefer);
    return { constraints: [...constraints, ...wishes], spread };
  }

  /** A state that stays on its node keeps its bot there. */
  async #ofState(
    { id, state }: Pick<Executable, "id" | "state">,
    kind: ContainerKind,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<string[]> {
    if (state?.follow !== false || kind === "backtest") return [];
    const node = await this.#link.stateNode(id, options);
    return node === undefined ? [] : [`node.hostname==${node}`];
  }
}
