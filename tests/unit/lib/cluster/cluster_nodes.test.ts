import assert from "node:assert/strict";
import { toRunnerNodes } from "../../../../lib/cluster/cluster_nodes.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import type { SwarmNode } from "../../../../lib/engine/swarm/swarm_answers.ts";
import type { SwarmContainer } from "../../../../lib/engine/swarm/swarm_container_info.ts";

const GIB = 1024 ** 3;

function node(name: string, more: Partial<SwarmNode> = {}): SwarmNode {
  return {
    ID: name,
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active", Labels: null },
    Description: { Hostname: name, Resources: { NanoCPUs: 4e9, MemoryBytes: 8 * GIB } },
    Status: { State: "ready", Addr: "10.0.0.1" },
    ...more,
  };
}

function container(id: string, nodeId: string, more: Partial<SwarmContainer> = {}): SwarmContainer {
  return {
    id: `service-${id}`,
    name: id,
    image: "python",
    labels: { [LABEL.id]: id, [LABEL.kind]: "bot" },
    phase: "running",
    memoryBytes: GIB,
    cpus: 0.5,
    createdAt: new Date(0),
    nodeId,
    ...more,
  };
}

Deno.test("toRunnerNodes() sums the limits of what is live on each node", () => {
  const [first, second, third] = toRunnerNodes([node("node-10"), node("node-2"), node("node-1")], [
    container("b", "node-1"),
    container("a", "node-1", { phase: "starting" }),
    container("ended", "node-1", { phase: "exited" }),
    container("gone", "node-1", { phase: "lost" }),
    container("report", "node-2", { labels: { [LABEL.id]: "report", [LABEL.kind]: "run" } }),
  ]);
  assert.deepEqual([first!.name, second!.name, third!.name], ["node-1", "node-2", "node-10"]);
  assert.deepEqual([first!.bots, first!.runs], [["a", "b"], 0]);
  assert.deepEqual([first!.memoryLimitBytes, first!.cpuLimit], [2 * GIB, 1]);
  assert.deepEqual([second!.bots, second!.runs], [[], 1]);
  assert.deepEqual([third!.memoryLimitBytes, third!.cpuLimit], [0, 0]);
});

Deno.test("toRunnerNodes() shows a node that is down and not known any more by its id", () => {
  const { Description: _unknown, ...rest } = node("x", {
    Spec: { Role: "manager", Availability: "pause", Labels: { zone: "a" } },
    Status: { State: "down", Message: "heartbeat failure" },
    ManagerStatus: { Leader: true },
  });
  const [shown] = toRunnerNodes([rest], []);
  assert.deepEqual(shown, {
    id: "x",
    name: "x",
    role: "manager",
    isLeader: true,
    state: "down",
    message: "heartbeat failure",
    availability: "pause",
    labels: { zone: "a" },
    bots: [],
    runs: 0,
    memoryLimitBytes: 0,
    cpuLimit: 0,
  });
});
