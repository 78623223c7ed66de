/**
 * Requests and responses of the operations on the nodes of a cluster.
 *
 * @module
 */

import { z } from "zod";
import { botId, type OperationContract, time } from "./common.ts";

const nodeParams = z.strictObject({
  node: z.string().max(255).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/).meta({
    description: "Name or id of a node",
    example: "node-1",
  }),
});

/** The last drain of a node. */
export const nodeDrain = z.object({
  state: z.enum(["draining", "drained", "stuck", "stopped"]).meta({
    description:
      "`stuck`: a bot does not run elsewhere, and the others stay; `stopped`: by a person or program",
  }),
  by: z.string().meta({ description: "Person or program that asked for it" }),
  startedAt: time,
  endedAt: time.optional(),
  reason: z.string().optional().meta({ description: "Why it is stuck, or has stopped" }),
  moveSeconds: z.number().meta({ description: "How long the move of one bot may take" }),
  moving: z.object({
    bot: botId,
    since: time,
    condition: z.string().optional().meta({ description: "How it is; known to the Berth that leads" }),
  }).optional().meta({ description: "The bot that moves, or is stuck" }),
  moved: z.array(z.object({ bot: botId, to: z.string().meta({ description: "Name of its node now" }) })),
  left: z.array(z.object({ bot: botId, reason: z.string() })).meta({
    description: "Bots that were not restarted, or do not run any more",
  }),
}).meta({ id: "NodeDrain" });

/** The last drain of a node. */
export type NodeDrain = z.infer<typeof nodeDrain>;

/** A node of a cluster. */
export const clusterNode = z.object({
  id: z.string(),
  name: z.string().meta({ description: "Name of its host" }),
  address: z.string().optional(),
  role: z.enum(["manager", "worker"]),
  isLeader: z.boolean().meta({ description: "Whether it leads the managers" }),
  state: z.string().meta({
    description: "In the Swarm's words: `ready`, `down`, `disconnected` or `unknown`",
  }),
  message: z.string().optional().meta({ description: "Why it is in this state, if the Swarm says so" }),
  availability: z.enum(["active", "pause", "drain"]).meta({
    description: "`pause`: cordoned, so that nothing new starts there; what runs there goes on",
  }),
  engine: z.string().optional().meta({ description: "Version of its engine" }),
  labels: z.record(z.string(), z.string()),
  memoryBytes: z.number().optional(),
  cpus: z.number().optional(),
  bots: z.array(botId).meta({ description: "The bots on it" }),
  runs: z.int().meta({ description: "Number of runs of schedules, and backtests, on it" }),
  memoryLimitBytes: z.number().meta({ description: "Sum of the memory limits of these containers" }),
  cpuLimit: z.number().meta({
    description: "Sum of the processor limits of these containers; those without a limit are left out",
  }),
  drain: nodeDrain.optional().meta({ description: "Its last drain, until it is activated" }),
}).meta({ id: "Node" });

/** A node of a cluster. */
export type ClusterNode = z.infer<typeof clusterNode>;

/** The operations on nodes. */
export const NODES_CONTRACT = {
  listNodes: {
    summary: "List the nodes of the cluster, and what runs on them",
    description:
      "On one host it answers 409 with the code `cluster/none`, as the other operations on nodes do.",
    responses: { 200: z.object({ nodes: z.array(clusterNode) }).meta({ id: "NodeList" }) },
    problems: [409],
  },
  cordonNode: {
    summary: "Keep new containers away from a node",
    description: "Running containers stay. A restart moves a bot to another node. A drain in progress stops.",
    params: nodeParams,
    responses: { 200: clusterNode },
    problems: [404, 409],
  },
  activateNode: {
    summary: "Let a node take new containers again",
    description: "Nothing moves back by itself. A drain stops.",
    params: nodeParams,
    responses: { 200: clusterNode },
    problems: [404, 409],
  },
  drainNode: {
    summary: "Keep new containers away from a node, and move its bots to others",
    description:
      "The service restarts the bots one by one, each once the one before runs elsewhere; `drain` of `listNodes` " +
      "tells how far it is. It goes on under the next leader. A repetition changes nothing while it is under way; " +
      "`cordonNode` and `activateNode` stop it.",
    params: nodeParams,
    query: z.strictObject({
      moveSeconds: z.coerce.number().int().min(1).max(86_400).default(300).meta({
        description: "How long the move of one bot may take",
      }),
    }),
    responses: { 202: clusterNode },
    problems: [404, 409],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
