import assert from "node:assert/strict";
import type { SwarmNode, SwarmService, SwarmTask } from "../../../../../lib/engine/swarm/swarm_answers.ts";
import { toSwarmContainer } from "../../../../../lib/engine/swarm/swarm_container_info.ts";

const NOW = Date.parse("2026-01-31T10:00:00Z");
const service: SwarmService = {
  ID: "svc",
  Version: { Index: 7 },
  CreatedAt: "2026-01-31T09:59:50Z",
  Spec: {
    Name: "berth_x_bot_grid",
    Labels: { "runtime.id": "grid" },
    TaskTemplate: { ContainerSpec: { Image: "python" }, Resources: { Limits: { MemoryBytes: 64 } } },
  },
};

function task(state: string, more: Partial<SwarmTask> = {}, status: object = {}): SwarmTask {
  return {
    ID: "task",
    CreatedAt: "2026-01-31T09:59:51Z",
    ServiceID: "svc",
    NodeID: "n1",
    DesiredState: "running",
    Status: { Timestamp: "2026-01-31T09:59:55Z", State: state, ...status },
    ...more,
  };
}

function nodesIn(state: string): ReadonlyMap<string, SwarmNode> {
  return new Map([["n1", {
    ID: "n1",
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active" },
    Description: { Hostname: "node-1" },
    Status: { State: state },
  }]]);
}

const container = (one: SwarmTask | undefined, nodeState = "ready", now = NOW) =>
  toSwarmContainer(service, one ? [one] : [], nodesIn(nodeState), now);

Deno.test("toSwarmContainer() tells the phases of a task", () => {
  for (const state of ["new", "pending", "assigned", "preparing", "ready", "starting"]) {
    assert.equal(container(task(state)).phase, "starting", state);
  }
  assert.equal(container(task("running")).phase, "running");
  const failed = container(task("failed", {}, {
    Err: "task: non-zero exit (3)",
    ContainerStatus: { ContainerID: "c", ExitCode: 3 },
  }));
  assert.deepEqual([failed.phase, failed.exitCode], ["exited", 3]);
  assert.equal(failed.finishedAt?.toISOString(), "2026-01-31T09:59:55.000Z");
  const complete = container(task("complete", {}, { ContainerStatus: { ContainerID: "c" } }));
  assert.deepEqual([complete.phase, complete.exitCode], ["exited", 0]);
});

Deno.test("toSwarmContainer() knows no exit code of a task that had no container", () => {
  const { phase, exitCode, reason } = container(task("rejected", {}, { Err: "No such image: x" }));
  assert.deepEqual([phase, exitCode, reason], ["exited", undefined, "No such image: x"]);
});

for (
  const [state, Message, ExitCode] of [
    ["rejected", "preparing", 0],
    ["failed", "starting", 128],
    ["failed", "started", 0],
  ] as const
) {
  Deno.test(`toSwarmContainer() does not believe exit code ${ExitCode} of a task that is ${state} after '${Message}'`, () => {
    const status = { Message, Err: "why", ContainerStatus: { ContainerID: "c", ExitCode } };
    const { phase, exitCode, reason } = container(task(state, {}, status));
    assert.deepEqual([phase, exitCode, reason], ["exited", undefined, "why"]);
  });
}

Deno.test("toSwarmContainer() does not take a container that was told to end for one that ended by itself", () => {
  const status = { Message: "shutdown", ContainerStatus: { ContainerID: "c", ExitCode: 0 } };
  assert.equal(container(task("shutdown", {}, status)).exitCode, 143);
});

Deno.test("toSwarmContainer() takes what ran on a node that is down as lost, never as exited", () => {
  const lost = container(task("running", { DesiredState: "shutdown" }), "down");
  assert.deepEqual([lost.phase, lost.reason], ["lost", "its node 'node-1' is down"]);
  assert.equal(container(task("running", { NodeID: "gone" })).phase, "lost");
  assert.equal(
    container(task("failed", {}, { ContainerStatus: { ContainerID: "c" } }), "down").phase,
    "exited",
  );
  // After a change of the leader, no node is known to be up: nothing follows from that.
  assert.equal(container(task("running"), "unknown").phase, "running");
  assert.equal(container(task("running"), "disconnected").phase, "running");
});

Deno.test("toSwarmContainer() waits for the task of a new service, and misses that of an old one", () => {
  assert.equal(container(undefined).phase, "starting");
  assert.equal(container(undefined, "ready", NOW + 120_000).phase, "lost");
});

Deno.test("toSwarmContainer() takes the first task: the second one follows a stop and is placed nowhere", () => {
  const second = task("pending", { ID: "two", CreatedAt: "2026-01-31T09:59:58Z", NodeID: undefined });
  const first = task("shutdown", {}, { ContainerStatus: { ContainerID: "c", ExitCode: 7 } });
  const { taskId, exitCode } = toSwarmContainer(service, [second, first], nodesIn("ready"), NOW);
  assert.deepEqual([taskId, exitCode], ["task", 7]);
});

Deno.test("toSwarmContainer() knows the grace period that a container was created with", () => {
  const { TaskTemplate } = service.Spec;
  const spec = { ...TaskTemplate, ContainerSpec: { Image: "python", StopGracePeriod: 135e9 } };
  const patient = { ...service, Spec: { ...service.Spec, TaskTemplate: spec } };
  assert.equal(toSwarmContainer(patient, [task("running")], nodesIn("ready"), NOW).graceSeconds, 135);
  assert.equal(container(task("running")).graceSeconds, undefined);
});
