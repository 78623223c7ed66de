import assert from "node:assert/strict";
import type { ApiClient } from "../../../../cli/client/api_client.ts";
import { drainNode } from "../../../../cli/commands/drain_node.ts";
import type { Clock } from "../../../../lib/util/clock.ts";
import type { NodeDrain } from "../../../../services/contract/nodes.ts";

const BEGUN: NodeDrain = {
  state: "draining",
  by: "local",
  startedAt: "2026-01-02T00:00:00.000Z",
  moveSeconds: 60,
  moved: [],
  left: [],
};
const A = { bot: "a", to: "two" };
const B = { bot: "b", to: "three" };

/** Runs a drain against a service that answers one look after the other with these. */
async function drain(
  ...looks: ({ readonly bots?: string[]; readonly drain?: NodeDrain; readonly availability?: string })[]
) {
  const lines: string[] = [];
  const asked: unknown[] = [];
  const ending = new AbortController();
  const out = (line: string) => void lines.push(line);
  const transient = (line: string) => void (line !== "" && lines.push(`… ${line}`));
  const terminal = { out, note: out, transient } as unknown as Parameters<typeof drainNode>[2]["terminal"];
  const clock = { sleep: () => Promise.resolve() } as Partial<Clock> as Clock;
  const call = (operation: string, input: unknown) => {
    if (operation === "drainNode") {
      asked.push(input);
      return Promise.resolve({ id: "1", name: "one", bots: ["a", "b"] });
    }
    const look = looks.shift();
    if (!look) {
      ending.abort();
      return Promise.reject(ending.signal.reason);
    }
    return Promise.resolve({
      nodes: [{ id: "1", name: "one", availability: "pause", bots: [], runs: 2, ...look }],
    });
  };
  const client = { call } as unknown as Pick<ApiClient, "call">;
  const code = await drainNode(client, { node: "one", moveMs: 60_000 }, {
    terminal,
    signal: ending.signal,
    clock,
  }).catch(() => 130);
  return { code, lines, asked };
}

Deno.test("drainNode() asks the service once, and shows each bot as it moves", async () => {
  const { code, lines, asked } = await drain(
    { drain: { ...BEGUN, moving: { bot: "a", since: BEGUN.startedAt, condition: "stopping: restart" } } },
    { drain: { ...BEGUN, left: [{ bot: "c", reason: "disabled" }] } },
    { drain: { ...BEGUN, moved: [A], left: [{ bot: "c", reason: "disabled" }] } },
    { drain: { ...BEGUN, state: "drained", moved: [A, B], left: [{ bot: "c", reason: "disabled" }] } },
  );
  assert.equal(code, 0);
  assert.deepEqual(asked, [{ params: { node: "one" }, query: { moveSeconds: 60 } }]);
  assert.deepEqual(lines, [
    "one: cordoned, 2 bots to move",
    "… a: stopping: restart",
    "c: disabled",
    "a: one -> two",
    "b: one -> three",
    "one: 2 bots moved; 2 runs and backtests still there",
  ]);
});

Deno.test("drainNode() says which bot is stuck and why, and fails", async () => {
  const moving = { bot: "a", since: BEGUN.startedAt };
  const { code, lines } = await drain({
    drain: { ...BEGUN, state: "stuck", reason: "waiting for a node", moving },
  });
  assert.equal(code, 1);
  assert.equal(lines.at(-2), "berth: a does not run elsewhere: waiting for a node");
  assert.match(lines.at(-1)!, /'berth nodes activate one' lets it start there again/);
});

Deno.test("drainNode() names bots that stay, and fails", async () => {
  const left = [{ bot: "a", reason: "not restarted: It is invalid." }];
  const { code, lines } = await drain({ bots: ["a"], drain: { ...BEGUN, state: "drained", left } });
  assert.equal(code, 1);
  assert.deepEqual(lines.slice(1), [
    "a: not restarted: It is invalid.",
    "one: 0 bots moved; 2 runs and backtests still there",
    "berth: one still has a.",
  ]);
});

Deno.test("drainNode() says that somebody has stopped it, and that the service goes on without it", async () => {
  const stopped = await drain({
    drain: { ...BEGUN, state: "stopped", reason: "local has cordoned the node" },
  });
  assert.equal(stopped.code, 1);
  assert.match(stopped.lines.at(-1)!, /has stopped: local has cordoned the node/);
  const active = await drain({ availability: "active" });
  assert.match(active.lines.at(-1)!, /has stopped: the node takes bots again/);
  const unknown = await drain({});
  assert.equal(unknown.code, 1);
  assert.match(unknown.lines.at(-1)!, /does not know now how far the drain of one is/, "no database");
  const interrupted = await drain({ drain: BEGUN });
  assert.match(interrupted.lines.at(-1)!, /The service goes on with it. 'berth nodes cordon one' stops it/);
});
