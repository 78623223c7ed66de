import assert from "node:assert/strict";
import { FakeClock } from "../../../support/fake_clock.ts";
import { ClusterPlacement } from "../../../../lib/cluster/cluster_placement.ts";
import type { SwarmNode } from "../../../../lib/engine/swarm/swarm_answers.ts";

const node = (name: string, state = "ready"): SwarmNode => ({
  ID: `id-${name}`,
  Version: { Index: 1 },
  Spec: { Role: "worker", Availability: "active" },
  Description: { Hostname: name },
  Status: { State: state },
});

function placementOn(nodes: SwarmNode[], clock?: FakeClock): ClusterPlacement {
  return new ClusterPlacement(
    { recentNodes: () => Promise.resolve(nodes) },
    { newestState: () => Promise.resolve(undefined) },
    clock,
  );
}

const BOT = { id: "grid" };

Deno.test("ClusterPlacement avoids the node where the last copy could not work, if another may be taken", async () => {
  const placement = placementOn([node("one"), node("two")]);
  placement.avoid("bot", "grid", "one");
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, ["node.hostname!=one"]);
  assert.deepEqual((await placement.of({ id: "other" }, "bot", {})).constraints, []);
  assert.deepEqual((await placement.of(BOT, "run", {})).constraints, []);
  const pinned = { ...BOT, placement: { constraints: ["node.hostname==one"] } };
  assert.deepEqual((await placement.of(pinned, "bot", {})).constraints, ["node.hostname==one"]);
  placement.avoid("bot", "grid", undefined);
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, []);
});

Deno.test("ClusterPlacement takes a node that it avoids rather than none", async () => {
  const placement = placementOn([node("one"), node("two", "down")]);
  placement.avoid("bot", "grid", "one");
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, []);
  const wishing = { ...BOT, placement: { prefer: ["node.hostname==one"] } };
  assert.deepEqual((await placement.of(wishing, "bot", {})).constraints, ["node.hostname==one"]);
});

Deno.test("ClusterPlacement avoids no node if copies on several could not work at a time: Berth was down", async () => {
  const clock = new FakeClock();
  const placement = placementOn([node("one"), node("two"), node("three")], clock);
  placement.avoid("bot", "grid", "one");
  clock.freeze(10_000);
  placement.avoid("bot", "other", "two");
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, []);
  assert.deepEqual((await placement.of({ id: "other" }, "bot", {})).constraints, []);
});

Deno.test("ClusterPlacement avoids a node although another one was at fault some time before", async () => {
  const clock = new FakeClock();
  const placement = placementOn([node("one"), node("two"), node("three")], clock);
  placement.avoid("bot", "other", "two");
  clock.freeze(60_000);
  placement.avoid("bot", "grid", "one");
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, ["node.hostname!=one"]);
  assert.deepEqual((await placement.of({ id: "other" }, "bot", {})).constraints, ["node.hostname!=two"]);
});

Deno.test("ClusterPlacement avoids several nodes that are at fault once a bot could not work twice on one", async () => {
  const placement = placementOn([node("one"), node("two"), node("three")]);
  for (let time = 0; time < 2; time++) {
    placement.avoid("bot", "grid", "one");
    placement.avoid("bot", "other", "two");
  }
  assert.deepEqual((await placement.of(BOT, "bot", {})).constraints, ["node.hostname!=one"]);
  assert.deepEqual((await placement.of({ id: "other" }, "bot", {})).constraints, ["node.hostname!=two"]);
});
