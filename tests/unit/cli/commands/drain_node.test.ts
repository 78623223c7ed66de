import assert from "node:assert/strict";
import { type ApiClient, ApiError } from "../../../../cli/client/api_client.ts";
import { drainNode } from "../../../../cli/commands/drain_node.ts";
import type { Clock } from "../../../../lib/util/clock.ts";

interface FakeBot {
  node?: string;
  state: string;
  condition: string;
  /** What a restart does. */
  readonly onRestart: (bot: FakeBot) => void;
}

const moves = (bot: FakeBot) => void (bot.node = "two");
const isNowhere = (bot: FakeBot) => {
  delete bot.node;
  bot.state = "waiting";
  bot.condition = "waiting for a node that can run it: no suitable node";
};
const refuses = () => {
  throw new ApiError({
    type: "about:blank",
    title: "Conflict",
    status: 409,
    code: "bot/invalid",
    detail: "It is invalid.",
  });
};

/** A service with one node to empty, and a clock that jumps whenever somebody sleeps. */
class World {
  readonly lines: string[] = [];
  readonly asked: string[] = [];
  readonly #bots: Map<string, FakeBot>;
  #now = 0;

  constructor(bots: Readonly<Record<string, FakeBot["onRestart"]>>) {
    this.#bots = new Map(
      Object.entries(bots).map(([id, onRestart]) => [
        id,
        { node: "one", state: "running", condition: "running", onRestart },
      ]),
    );
  }

  async drain(): Promise<number> {
    const out = (line: string) => void this.lines.push(line);
    const terminal = { out, note: out, transient() {} } as unknown as Parameters<
      typeof drainNode
    >[2]["terminal"];
    const clock = {
      monotonic: () => this.#now,
      sleep: (ms: number) => {
        this.#now += ms;
        return Promise.resolve();
      },
    } as Partial<Clock> as Clock;
    const client = {
      call: (operation: string, input: { params?: Record<string, string> }) =>
        this.#call(operation, input.params ?? {}),
    } as unknown as Pick<ApiClient, "call">;
    const signal = new AbortController().signal;
    return await drainNode(client, { node: "one", moveMs: 60_000 }, { terminal, signal, clock });
  }

  async #call(operation: string, { id, node }: Record<string, string>): Promise<unknown> {
    this.asked.push([operation, id ?? node].filter(Boolean).join(" "));
    const bots = [...this.#bots].filter(([, bot]) => bot.node === "one").map(([id]) => id);
    const one = { id: "1", name: "one", bots, runs: 2 };
    if (operation === "cordonNode") return await Promise.resolve(one);
    if (operation === "listNodes") return { nodes: [one] };
    if (operation === "listBots") return { bots: [...this.#bots].map(([id, bot]) => ({ id, ...bot })) };
    const bot = this.#bots.get(id!)!;
    return bot.onRestart(bot);
  }
}

Deno.test("drainNode() cordons first, then moves one bot after the other", async () => {
  const world = new World({ a: moves, b: moves });
  assert.equal(await world.drain(), 0);
  assert.deepEqual(world.asked.filter((call) => call !== "listNodes" && call !== "listBots"), [
    "cordonNode one",
    "restartBot a",
    "restartBot b",
  ]);
  assert.deepEqual(world.lines, [
    "one: cordoned, 2 bots to move",
    "a: one -> two",
    "b: one -> two",
    "one: 2 bots moved; 2 runs and backtests still there",
  ]);
});

Deno.test("drainNode() touches no other bot while one runs nowhere", async () => {
  const world = new World({ a: isNowhere, b: moves });
  assert.equal(await world.drain(), 1);
  assert.ok(!world.asked.includes("restartBot b"));
  assert.match(world.lines.at(-2)!, /a does not run elsewhere: waiting for a node that can run it/);
  assert.match(world.lines.at(-1)!, /'berth nodes activate one' lets it start there again/);
});

Deno.test("drainNode() gives up a bot that does not come up in time", async () => {
  const world = new World({ a: (bot) => void (bot.condition = "starting", bot.state = "starting") });
  assert.equal(await world.drain(), 1);
  assert.match(world.lines.at(-2)!, /a does not run elsewhere: starting/);
});

Deno.test("drainNode() names bots that it may not restart, and fails if they stay", async () => {
  const world = new World({ a: refuses, b: moves });
  assert.equal(await world.drain(), 1);
  assert.deepEqual(world.lines.slice(1), [
    "a: not restarted: It is invalid.",
    "b: one -> two",
    "one: 1 bot moved; 2 runs and backtests still there",
    "berth: one still has a.",
  ]);
});
