import assert from "node:assert/strict";
import type { RunnerNode, RunnerNodes } from "../../../lib/runner/runner_nodes.ts";
import type { Runner } from "../../../lib/runner/runner.ts";
import { ApiWorld } from "../../support/api_world.ts";

function node(id: string, name: string): RunnerNode {
  return {
    id,
    name,
    role: "manager",
    isLeader: id === "1",
    state: "ready",
    availability: "active",
    labels: { zone: "a" },
    bots: ["grid"],
    runs: 0,
    memoryLimitBytes: 1024,
    cpuLimit: 0.5,
  };
}

function nodesOf(...all: RunnerNode[]): RunnerNodes {
  const known = new Map(all.map((each) => [each.id, each]));
  return {
    list: () => Promise.resolve([...known.values()]),
    setAvailability: (id, availability) => {
      const found = known.get(id);
      if (found) known.set(id, { ...found, availability });
      return Promise.resolve(found !== undefined);
    },
  };
}

Deno.test("the operations on nodes answer on one host that it has none", async () => {
  await using api = await ApiWorld.open("2026-01-02T00:00:00Z");
  for (
    const [method, path] of [["GET", ""], ["POST", "/x/cordon"], ["POST", "/x/activate"], [
      "POST",
      "/x/drain",
    ]] as const
  ) {
    const { status, body } = await api.call(method, `/api/nodes${path}`);
    assert.deepEqual([status, body.code], [409, "cluster/none"]);
    assert.match(body.advice, /RUNNER=swarm/);
  }
});

Deno.test("cordonNode and activateNode take a name or an id, and the audit keeps them", async () => {
  await using api = await ApiWorld.open("2026-01-02T00:00:00Z");
  const nodes = nodesOf(node("1", "alpha"), node("2", "beta"), node("3", "twin"), node("4", "twin"));
  api.serve({ runner: { nodes } as Partial<Runner> as Runner });
  const cordoned = await api.call("POST", "/api/nodes/beta/cordon");
  assert.deepEqual([cordoned.status, cordoned.body.id, cordoned.body.availability], [200, "2", "pause"]);
  const listed = await api.call("GET", "/api/nodes");
  assert.deepEqual(
    listed.body.nodes.map(({ availability }: RunnerNode) => availability),
    ["active", "pause", "active", "active"],
  );
  assert.deepEqual(listed.body.nodes[0], node("1", "alpha"));
  const activated = await api.call("POST", "/api/nodes/2/activate");
  assert.deepEqual([activated.status, activated.body.availability], [200, "active"]);

  const unknown = await api.call("POST", "/api/nodes/gamma/cordon");
  assert.deepEqual([unknown.status, unknown.body.code], [404, "node/not-found"]);
  const twins = await api.call("POST", "/api/nodes/twin/cordon");
  assert.deepEqual([twins.status, twins.body.code], [409, "node/ambiguous"]);
  assert.match(twins.body.advice, /3, 4/);
  assert.equal((await api.call("POST", "/api/nodes/4/cordon")).status, 200);

  const { body: { entries } } = await api.call("GET", "/api/audit");
  assert.deepEqual(
    entries.map(({ operation, subject, status }: Record<string, unknown>) => [operation, subject, status])
      .slice(-2),
    [["activateNode", "beta", 200], ["cordonNode", "beta", 200]],
  );
});

Deno.test("drainNode begins once, shows how far it is, and ends with a cordon or an activation", async () => {
  await using api = await ApiWorld.open("2026-01-02T00:00:00Z");
  const nodes = nodesOf(node("1", "alpha"), node("2", "beta"));
  api.serve({ runner: { nodes } as Partial<Runner> as Runner });
  const begun = await api.call("POST", "/api/nodes/beta/drain?moveSeconds=60");
  assert.equal(begun.status, 202);
  assert.equal(begun.body.availability, "pause");
  assert.deepEqual(begun.body.drain, {
    state: "draining",
    by: "token ci",
    startedAt: "2026-01-02T00:00:00.000Z",
    moveSeconds: 60,
    moved: [],
    left: [],
  });
  api.caller = { ...api.caller, name: "token other" };
  const again = await api.call("POST", "/api/nodes/2/drain");
  assert.deepEqual([again.status, again.body.drain], [202, begun.body.drain], "it is under way already");
  const drainOf = async () => (await api.call("GET", "/api/nodes")).body.nodes[1].drain;
  assert.deepEqual(await drainOf(), begun.body.drain);

  assert.equal((await api.call("POST", "/api/nodes/beta/cordon")).status, 200);
  const { state, reason, endedAt } = await drainOf();
  assert.deepEqual([state, reason], ["stopped", "token other has cordoned the node"]);
  assert.equal(endedAt, "2026-01-02T00:00:00.000Z");
  const anew = await api.call("POST", "/api/nodes/beta/drain");
  assert.deepEqual([anew.body.drain.state, anew.body.drain.by], ["draining", "token other"]);
  await api.call("POST", "/api/nodes/beta/activate");
  assert.equal(await drainOf(), undefined);
  assert.equal((await api.call("POST", "/api/nodes/beta/drain?moveSeconds=0")).status, 400);
});
