/**
 * Compares nodes with conditions as the Swarm does. Pure.
 *
 * @module
 */

import type { SwarmNode } from "../engine/swarm/swarm_answers.ts";
import { parseCondition } from "../executable/placement.ts";

/**
 * Picks the preferences that apply now: each, in order, that a usable node meets together with all before it.
 *
 * @param nodes The nodes.
 * @param constraints Conditions that the node must meet in any case.
 * @param wishes The preferences, the most important first.
 */
export function metWishes(
  nodes: readonly SwarmNode[],
  constraints: readonly string[],
  wishes: readonly string[],
): string[] {
  const met: string[] = [];
  let left = nodes.filter((node) => isUsable(node) && constraints.every((text) => meets(node, text)));
  for (const wish of wishes) {
    const fitting = left.filter((node) => meets(node, wish));
    if (fitting.length === 0) continue;
    left = fitting;
    met.push(wish);
  }
  return met;
}

/**
 * Whether a node meets a condition. Names of labels are compared exactly, values without regard to case; a label that is
 * missing has an empty value.
 *
 * @param node The node.
 * @param text The condition.
 */
export function meets(node: SwarmNode, text: string): boolean {
  const condition = parseCondition(text);
  if (!condition) return false;
  const { key, isEqual, value } = condition;
  return (valueOf(node, key).toLowerCase() === value.toLowerCase()) === isEqual;
}

/** Whether the Swarm may place tasks on a node. @param node The node. */
export function isUsable({ Status, Spec }: SwarmNode): boolean {
  return Status.State === "ready" && Spec.Availability === "active";
}

function valueOf({ ID, Spec, Description }: SwarmNode, key: string): string {
  const label = (of: string, labels: Readonly<Record<string, string>> | null | undefined) =>
    labels?.[key.slice(of.length)] ?? "";
  if (key.startsWith("node.labels.")) return label("node.labels.", Spec.Labels);
  if (key.startsWith("engine.labels.")) return label("engine.labels.", Description?.Engine?.Labels);
  const values: Readonly<Record<string, string | undefined>> = {
    "node.id": ID,
    "node.hostname": Description?.Hostname,
    "node.role": Spec.Role,
    "node.platform.os": Description?.Platform?.OS,
    "node.platform.arch": Description?.Platform?.Architecture,
  };
  return values[key] ?? "";
}
