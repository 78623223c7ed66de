/**
 * `berth nodes`: lists the nodes of a cluster, and empties them.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { nodeTable } from "../output/node_table.ts";
import { printable } from "../output/terminal.ts";
import { drainNode } from "./drain_node.ts";

/** Options of {@linkcode nodesCommand}. */
export interface NodesOptions {
  /** The action. @default {the nodes are listed} */
  readonly action?: string;
  /** Name or id of a node. */
  readonly node?: string;
  /** How long `drain` waits for one bot, in ms. */
  readonly moveMs: number;
  /** Print one JSON array. */
  readonly json: boolean;
}

/** The actions on one node, and the operation of each; `drain` has several. */
const ACTIONS = { cordon: "cordonNode", activate: "activateNode", drain: undefined } as const;
const SAID = { cordonNode: "cordoned: nothing new starts there", activateNode: "takes bots again" } as const;

/**
 * Lists the nodes, or changes one.
 *
 * @param options The action.
 * @param context The command's context.
 * @returns 1 if a bot could not be moved.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function nodesCommand(options: NodesOptions, context: CliContext): Promise<number> {
  const { action, node, moveMs, json } = options;
  const { env, signal, terminal } = context;
  if (action !== undefined && !Object.hasOwn(ACTIONS, action)) {
    throw new UsageError(`'nodes' has no '${action}'; use ${Object.keys(ACTIONS).join(", ")}, or nothing.`);
  }
  if (action !== undefined && node === undefined) {
    throw new UsageError(`'nodes ${action}' needs the name of a node: 'berth nodes' lists them.`);
  }
  if (action !== undefined && json) throw new UsageError("--json is for the list of nodes alone.");
  using client = new ApiClient(serverOf(env));
  if (action === "drain") return await drainNode(client, { node: node!, moveMs }, context);
  const operation = action === undefined ? undefined : ACTIONS[action as keyof typeof ACTIONS];
  if (operation) {
    const { name } = await client.call(operation, { params: { node: node! } }, { signal });
    terminal.out(printable(`${name}: ${SAID[operation]}`));
    return EXIT.ok;
  }
  const { nodes } = await client.call("listNodes", {}, { signal });
  if (json) terminal.out(JSON.stringify(nodes, null, 2));
  else for (const line of nodeTable(nodes, { columns: terminal.columns })) terminal.out(line);
  return EXIT.ok;
}
