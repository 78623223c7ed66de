import assert from "node:assert/strict";
import type { BotCondition } from "../../../../services/bots/bot_condition.ts";
import type { Drain } from "../../../../services/api/drain_records.ts";
import { type DrainedBot, type DrainSituation, planDrain } from "../../../../services/api/plan_drain.ts";

const NOW = Date.parse("2026-01-02T00:00:00Z");
const RUNNING: BotCondition = { type: "running" };
const NOWHERE: BotCondition = {
  type: "waiting",
  for: "a node that can run it: no suitable node (scheduling constraints not satisfied)",
};

const drain: Drain = {
  node: "1",
  name: "one",
  by: "token ops",
  startedAt: "2026-01-01T00:00:00.000Z",
  moveMs: 60_000,
  state: "draining",
  moved: [],
  left: [],
};
const moving: Drain = { ...drain, moving: { bot: "a", since: NOW - 5000 } };

function plan(
  more: Partial<Omit<DrainSituation, "find">>,
  bots: Readonly<Record<string, DrainedBot | "unknown">> = {},
) {
  const node = { availability: "pause", bots: ["a", "b"] } as const;
  return planDrain({
    drain,
    node,
    isAsked: true,
    now: NOW,
    ...more,
    find: (id) => bots[id] ?? "gone",
  });
}

Deno.test("planDrain() restarts the first bot, and the next one once that one runs elsewhere", () => {
  const bots = { a: { condition: RUNNING, node: "one" }, b: { condition: RUNNING, node: "one" } };
  const first = plan({}, bots);
  assert.deepEqual(first, { drain: { ...drain, moving: { bot: "a", since: NOW } }, restart: "a" });
  const starting = { ...bots, a: { condition: { type: "starting", attempt: 1 } as const } };
  assert.deepEqual(plan({ drain: moving }, starting), { drain: moving });
  const there = { ...bots, a: { condition: RUNNING, node: "two" } };
  const { drain: after, restart } = plan({ drain: moving }, there);
  assert.deepEqual([after.moved, after.moving, restart], [[{ bot: "a", to: "two" }], undefined, undefined]);
  // Its old container may be listed for a moment.
  assert.equal(plan({ drain: after }, there).restart, "b");
  assert.equal(plan({}, there).restart, "b", "it has moved by itself");
});

Deno.test("planDrain() gives a move that another process has begun its whole time", () => {
  const late: Drain = { ...drain, moving: { bot: "a", since: NOW - 10 * drain.moveMs, nowhereSince: 1 } };
  const bots = { a: "unknown" } as const;
  const again = { drain: { ...drain, moving: { bot: "a", since: NOW } } };
  assert.deepEqual(plan({ drain: late, isTakenOver: true, isAsked: false }, bots), again);
  assert.equal(plan({ drain: late, isAsked: false }, bots).drain.state, "stuck");
  const there = { a: { condition: RUNNING, node: "two" } };
  assert.equal(plan({ drain: late, isTakenOver: true }, there).drain.moved.length, 1, "it is there already");
});

Deno.test("planDrain() ends when no bot is left to move, and names those that stay", () => {
  const left = plan({ drain: moving }, { a: { condition: { type: "disabled" } } }).drain;
  assert.deepEqual(left.left, [{ bot: "a", reason: "disabled" }]);
  assert.deepEqual(plan({ drain: moving }).drain.left, [{ bot: "a", reason: "gone" }]);
  const node = { availability: "pause", bots: ["a"] } as const;
  const { state, endedAt } = plan({ drain: left, node }, { a: { condition: RUNNING, node: "one" } }).drain;
  assert.deepEqual([state, endedAt], ["drained", "2026-01-02T00:00:00.000Z"]);
});

Deno.test("planDrain() is stuck at a bot that no node takes, or that takes too long", () => {
  const bots = { a: { condition: NOWHERE } };
  const once = plan({ drain: moving }, bots).drain;
  assert.equal(once.moving?.nowhereSince, NOW);
  assert.equal(plan({ drain: once, now: NOW + 9_000 }, bots).drain, once);
  const stuck = plan({ drain: once, now: NOW + 10_000 }, bots).drain;
  assert.deepEqual([stuck.state, stuck.moving?.bot], ["stuck", "a"]);
  assert.match(stuck.reason!, /no suitable node/);
  const fits = plan({ drain: once, now: NOW + 9_000 }, {
    a: { condition: { type: "starting", attempt: 1 } },
  });
  assert.equal(fits.drain.moving?.nowhereSince, undefined);
  const late = plan({ drain: moving, now: NOW + 55_001 }, { a: "unknown" }).drain;
  assert.deepEqual([late.state, late.reason], ["stuck", "not looked at yet"]);
});

Deno.test("planDrain() restarts under the next leader a bot that still runs there, once it knows it", () => {
  const there = { a: { condition: RUNNING, node: "one" } };
  assert.equal(plan({ drain: moving, isAsked: false }, there).restart, "a");
  assert.equal(plan({ drain: moving, isAsked: true }, there).restart, undefined);
  assert.equal(plan({ drain: moving, isAsked: false }, { a: "unknown" }).restart, undefined);
  const starting = { a: { condition: { type: "starting", attempt: 1 } as const } };
  assert.equal(plan({ drain: moving, isAsked: false }, starting).restart, undefined);
});

Deno.test("planDrain() stops when the node takes bots again, or has left the cluster", () => {
  const active = plan({ drain: moving, node: { availability: "active", bots: ["a"] } }).drain;
  assert.deepEqual([active.state, active.reason], ["stopped", "the node takes bots again"]);
  assert.equal(plan({ node: undefined }).drain.state, "stopped");
});
