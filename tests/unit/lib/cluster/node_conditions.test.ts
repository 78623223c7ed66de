import assert from "node:assert/strict";
import { meets, metWishes } from "../../../../lib/cluster/node_conditions.ts";
import type { SwarmNode } from "../../../../lib/engine/swarm/swarm_answers.ts";

function node(name: string, zone?: string, availability: "active" | "pause" = "active"): SwarmNode {
  return {
    ID: `id-${name}`,
    Version: { Index: 1 },
    Spec: { Role: "manager", Availability: availability, Labels: zone === undefined ? null : { zone } },
    Description: { Hostname: name, Platform: { OS: "linux", Architecture: "x86_64" } },
    Status: { State: "ready" },
  };
}

Deno.test("meets() compares as the Swarm does", () => {
  const one = node("one", "A");
  for (
    const condition of [
      "node.labels.zone==a",
      "node.labels.zone!=b",
      "node.labels.missing!=x",
      "engine.labels.missing!=x",
      "node.hostname == ONE",
      "node.id==id-one",
      "node.role==manager",
      "node.platform.os==linux",
      "node.platform.arch==x86_64",
    ]
  ) assert.ok(meets(one, condition), condition);
  for (
    const condition of [
      "node.labels.Zone==a",
      "node.labels.zone!=A",
      "node.hostname!=one",
      "node.role==worker",
      "node.ip==10.0.0.1",
    ]
  ) assert.ok(!meets(one, condition), condition);
});

Deno.test("metWishes() leaves out what no usable node meets beside the rest", () => {
  const nodes = [node("one", "a"), node("two", "b"), node("three", "c", "pause")];
  const wishes = ["node.labels.zone==b", "node.hostname==two"];
  assert.deepEqual(metWishes(nodes, [], wishes), wishes);
  assert.deepEqual(metWishes(nodes, [], ["node.labels.zone==c"]), [], "cordoned");
  assert.deepEqual(metWishes(nodes, ["node.hostname!=two"], wishes), [], "the constraints come first");
  const contrary = ["node.labels.zone==a", "node.labels.zone==b", "node.role==manager"];
  assert.deepEqual(metWishes(nodes, [], contrary), ["node.labels.zone==a", "node.role==manager"]);
});
