/**
 * Formats the nodes of a cluster as a table.
 *
 * @module
 */

import type { ClusterNode } from "../../services/contract/nodes.ts";
import { describeLabels } from "./bot_tables.ts";
import { formatTable, type FormatTableOptions } from "./table.ts";
import { printable } from "./terminal.ts";

const GIB = 1024 ** 3;
const AVAILABILITY = { active: "active", pause: "cordoned", drain: "drained" } as const;
const HEAD = ["NODE", "STATE", "AVAILABILITY", "ROLE", "ADDRESS", "BOTS", "RUNS", "MEMORY", "CPUS", "LABELS"];

/**
 * Formats nodes. Memory and processors are the limits of the containers there, of what the node has.
 *
 * @param nodes The nodes.
 * @param options Width of the screen.
 */
export function nodeTable(nodes: readonly ClusterNode[], options: FormatTableOptions = {}): string[] {
  const rows = nodes.map((node) => [
    node.name,
    node.state,
    AVAILABILITY[node.availability],
    node.isLeader ? "leader" : node.role,
    node.address ?? "-",
    String(node.bots.length),
    String(node.runs),
    `${gibibytes(node.memoryLimitBytes)}/${gibibytes(node.memoryBytes)} GiB`,
    `${node.cpuLimit || "-"}/${node.cpus ?? "-"}`,
    describeLabels(node.labels) || "-",
  ]);
  return formatTable([HEAD, ...rows.map((row) => row.map(printable))], options);
}

function gibibytes(bytes: number | undefined): string {
  return bytes === undefined ? "-" : (bytes / GIB).toFixed(1);
}
