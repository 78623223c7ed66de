/**
 * Handles the operations on the nodes of a cluster.
 *
 * @module
 */

import type { RunnerNode, RunnerNodes } from "../../lib/runner/runner_nodes.ts";
import type { ClusterNode } from "../contract/nodes.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function nodeHandlers(
  { runner }: Pick<ApiParts, "runner">,
): Handlers<"listNodes" | "cordonNode" | "activateNode"> {
  function nodesOf(): RunnerNodes {
    if (runner.nodes) return runner.nodes;
    throw new ApiProblem(409, "cluster/none", "This service runs its bots on one host, which has no nodes.", {
      advice: "RUNNER=swarm runs them on the nodes of a Docker Swarm: see docs/cluster.md.",
    });
  }

  async function set(
    name: string,
    availability: "active" | "pause",
    signal: AbortSignal,
  ): Promise<{ body: ClusterNode }> {
    const nodes = nodesOf();
    const node = pick(await nodes.list({ signal }), name);
    noteChange({ subject: node.name });
    if (!await nodes.setAvailability(node.id, availability, { signal })) throw notFound("node", name);
    return { body: viewOf({ ...node, availability }) };
  }

  return {
    listNodes: async ({ signal }) => ({ body: { nodes: (await nodesOf().list({ signal })).map(viewOf) } }),
    cordonNode: ({ params: { node }, signal }) => set(node, "pause", signal),
    activateNode: ({ params: { node }, signal }) => set(node, "active", signal),
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
