/**
 * The output of `berth lab status`.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { formatTable } from "../../cli/output/table.ts";
import { berthEnvironment } from "./berth_environment.ts";
import type { Lab } from "./lab.ts";

/**
 * Describes a lab.
 *
 * @param lab The lab.
 * @returns Lines: its nodes, then the environment of a Berth in its hub.
 */
export async function describeLab(lab: Lab): Promise<string[]> {
  const states = await readStates(lab);
  const rows = lab.nodes.map(({ number, name, address, dockerHost, isManager }) => [
    name,
    lab.isOn(number) ? "on" : "off",
    states.get(name) ?? "unknown",
    isManager ? "manager" : "worker",
    address,
    dockerHost,
  ]);
  const environment = Object.entries(berthEnvironment(lab));
  return [
    ...formatTable([["NODE", "POWER", "SWARM", "ROLE", "ADDRESS", "ENGINE"], ...rows]),
    "",
    "A Berth in the hub ('berth lab exec hub ./berth start') takes:",
    ...environment.map(([name, value]) => `  ${name}=${value}`),
  ];
}

async function readStates(lab: Lab): Promise<Map<string, string>> {
  for (const { number, dockerHost, isManager } of lab.nodes) {
    if (!isManager || !lab.isOn(number)) continue;
    const nodes = await connectDocker(dockerHost).listNodes({ abortSignal: AbortSignal.timeout(3000) })
      .catch(() => undefined);
    // deno-lint-ignore no-explicit-any -- the types of dockerode know no nodes
    if (nodes) return new Map(nodes.map((node: any) => [node.Description.Hostname, node.Status.State]));
  }
  return new Map();
}
