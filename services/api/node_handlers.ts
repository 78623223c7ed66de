/**
 * Handles the operations on the nodes of a cluster.
 *
 * @module
 */

import type { RunnerNode, RunnerNodes } from "../../lib/runner/runner_nodes.ts";
import { describeCondition } from "../bots/bot_condition.ts";
import type { ClusterNode, NodeDrain } from "../contract/nodes.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";
import { type Drain, DrainRecords } from "./drain_records.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param wake Called when a drain has begun.
 */
export function nodeHandlers(
  { runner, records, botService, clock }: Pick<ApiParts, "runner" | "records" | "botService" | "clock">,
  wake: () => void,
): Handlers<"listNodes" | "cordonNode" | "activateNode" | "drainNode"> {
  const drains = new DrainRecords(records);

  function nodesOf(): RunnerNodes {
    if (runner.nodes) return runner.nodes;
    throw new ApiProblem(409, "cluster/none", "This service runs its bots on one host, which has no nodes.", {
      advice: "RUNNER=swarm runs them on the nodes of a Docker Swarm: see docs/cluster.md.",
    });
  }

  /** The nodes are shown even if the database does not answer. */
  async function readDrains(signal: AbortSignal): Promise<ReadonlyMap<string, Drain>> {
    try {
      return new Map((await drains.list({ signal })).map(({ drain }) => [drain.node, drain]));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      return new Map();
    }
  }

  function drainView({ node: _node, name: _name, moveMs, moving, moved, left, ...drain }: Drain): NodeDrain {
    const condition = moving && botService?.state.getRunningBot(moving.bot)?.condition;
    return {
      ...drain,
      moveSeconds: moveMs / 1000,
      ...(moving && {
        moving: {
          bot: moving.bot,
          since: new Date(moving.since).toISOString(),
          ...(condition && { condition: describeCondition(condition) }),
        },
      }),
      moved: [...moved],
      left: [...left],
    };
  }

  async function set(
    name: string,
    availability: "active" | "pause",
    signal: AbortSignal,
  ): Promise<{ node: RunnerNode }> {
    const nodes = nodesOf();
    const node = pick(await nodes.list({ signal }), name);
    noteChange({ subject: node.name });
    if (!await nodes.setAvailability(node.id, availability, { signal })) throw notFound("node", name);
    return { node: { ...node, availability } };
  }

  return {
    async listNodes({ signal }) {
      const [nodes, known] = await Promise.all([nodesOf().list({ signal }), readDrains(signal)]);
      return {
        body: {
          nodes: nodes.map((node) => {
            const drain = known.get(node.id);
            return { ...viewOf(node), ...(drain && { drain: drainView(drain) }) };
          }),
        },
      };
    },

    async cordonNode({ params, caller, signal }) {
      const { node } = await set(params.node, "pause", signal);
      const endedAt = new Date(clock.now()).toISOString();
      await drains.stop(node.id, { endedAt, reason: `${caller.name} has cordoned the node` }, { signal });
      return { body: viewOf(node) };
    },

    async activateNode({ params, signal }) {
      const { node } = await set(params.node, "active", signal);
      await drains.forget(node.id, { signal });
      return { body: viewOf(node) };
    },

    async drainNode({ params, query: { moveSeconds }, caller, signal }) {
      const { node } = await set(params.node, "pause", signal);
      const drain = await drains.begin({
        node: node.id,
        name: node.name,
        by: caller.name,
        startedAt: new Date(clock.now()).toISOString(),
        moveMs: moveSeconds * 1000,
        state: "draining",
        moved: [],
        left: [],
      }, { signal });
      wake();
      return { status: 202, body: { ...viewOf(node), drain: drainView(drain) } };
    },
  };
}

/** Hosts may share a name; ids are unique. */
function pick(nodes: readonly RunnerNode[], wanted: string): RunnerNode {
  const byId = nodes.find(({ id }) => id === wanted);
  if (byId) return byId;
  const [node, ...others] = nodes.filter(({ name }) => name === wanted);
  if (!node) throw notFound("node", wanted);
  if (others.length === 0) return node;
  const ids = [node, ...others].map(({ id }) => id).join(", ");
  throw new ApiProblem(409, "node/ambiguous", `${others.length + 1} nodes have the name '${wanted}'.`, {
    advice: `Name one by its id: ${ids}.`,
  });
}

function viewOf({ labels, bots, ...node }: RunnerNode): ClusterNode {
  return { ...node, labels: { ...labels }, bots: [...bots] };
}
