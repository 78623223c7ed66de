import assert from "node:assert/strict";
import { Guards } from "../../../services/guards/guards.ts";
import type { ManagedContainer } from "../../../lib/runner/runner.ts";
import { StoreUnavailableError } from "../../../services/documents/bot_repository.ts";
import { ApiWorld } from "../../support/api_world.ts";
import { NO_INCIDENTS } from "../../support/fake_incidents.ts";

const NOW = "2026-01-02T00:00:00Z";
const GUARD = { name: "equity", metric: "equity", field: "value", when: "below", limit: 10, action: "stop" };
const RULE = { ...GUARD, name: "rule", when: "above" };

async function putBot(api: ApiWorld): Promise<void> {
  const document = {
    enabled: false,
    config: { berth: { guards: [GUARD] } },
    custom: {
      version: "1",
      filePath: "bot/1",
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    },
  };
  const { status, text } = await api.call("PUT", "/api/bots/bot", { body: document });
  assert.equal(status, 201, text);
}

const NEVER = new AbortController().signal;

const replay = (api: ApiWorld, query: Record<string, string>) =>
  api.call("GET", `/api/bots/bot/guards/replay?${new URLSearchParams(query)}`);

Deno.test("replayGuard tells when a guard or a rule would have tripped on the stored log", async () => {
  await using api = await ApiWorld.open(NOW);
  await putBot(api);
  const line = (second: number, value: unknown) =>
    JSON.stringify({
      _metric: "equity",
      value,
      timestamp: `2026-01-01T00:00:0${second}.000000000Z`,
    });
  await api.putLog("logs/bot/20260101.log", [line(1, 12), line(2, 8), line(3, "8"), line(4, 12)]);
  const { status, body } = await replay(api, { guard: "equity" });
  assert.equal(status, 200);
  assert.deepEqual(body.trips, [{ at: "2026-01-01T00:00:02.000Z", text: "equity.value 8 below 10" }]);
  assert.deepEqual([body.numbers, body.oddities, body.isComplete], [3, 1, true]);
  const tried = await replay(api, { rule: JSON.stringify(RULE), since: "2026-01-01T00:00:03Z" });
  assert.deepEqual(tried.body.trips, [{ at: "2026-01-01T00:00:04.000Z", text: "equity.value 12 above 10" }]);

  const wrong = await replay(api, { rule: JSON.stringify({ ...RULE, limit: "9" }) });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.detail, /query\.rule\.limit: must be a finite number \(is a string\)/);
  assert.equal((await replay(api, { rule: "{" })).status, 400);
  assert.equal((await replay(api, {})).status, 400);
  const unknown = await replay(api, { guard: "other" });
  assert.deepEqual([unknown.status, unknown.body.advice], [404, "It has: equity."]);
});

Deno.test("releaseGuard needs the right to operate, a reason, and a service that looks after the bots", async () => {
  await using api = await ApiWorld.open(NOW);
  const release = (reason: unknown) =>
    api.call("POST", "/api/bots/bot/guards/equity/release", { body: { reason } });
  assert.equal((await release("x")).body.code, "guard/not-served");
  assert.equal((await api.call("GET", "/api/latches")).body.code, "guard/not-served");
  const unserved = await api.call("GET", "/api/bots/bot/guards");
  assert.deepEqual([unserved.status, unserved.body.code], [409, "guard/not-served"]);
  const { records, world: { clock } } = api;
  const guards = new Guards({ records, incidents: NO_INCIDENTS, wake() {}, clock });
  await guards.open(new AbortController().signal);
  api.serve({ guards });
  assert.equal((await release("x")).body.code, "guard/not-latched");
  assert.equal((await release(" ")).status, 400);
  assert.equal((await release(undefined)).status, 400);
  api.caller = { ...api.caller, role: "read" };
  assert.equal((await release("x")).status, 403);
  assert.deepEqual((await api.call("GET", "/api/latches")).body, {
    latches: [],
    fleet: { problems: [], guards: [] },
  });
});

Deno.test("getBotGuards shows the guards of a bot, where the service looks after the bots", async () => {
  await using api = await ApiWorld.open(NOW);
  await putBot(api);
  const { records, world: { clock } } = api;
  const guards = new Guards({ records, incidents: NO_INCIDENTS, wake() {}, clock });
  await guards.open(NEVER);
  api.serve({ guards });
  const { body } = await api.call("GET", "/api/bots/bot/guards");
  assert.deepEqual([body.guards[0].name, body.guards[0].state], ["equity", "waiting"]);
  assert.deepEqual([body.latches, body.releases], [[], []]);
  assert.equal((await api.call("GET", "/api/bots/other/guards")).status, 404);
});

Deno.test("getBotGuards knows guards and latches from memory while the database is down", async () => {
  await using api = await ApiWorld.open(NOW);
  const { records, world: { clock } } = api;
  const latch = { text: "equity.value 8 below 10", at: NOW, action: "stop", limit: 10, lastLines: [] };
  for (const id of ["bot/equity", "removed/equity"]) await records.insert("latches", id, { latch });
  const guards = new Guards({ records, incidents: NO_INCIDENTS, wake() {}, clock });
  await guards.open(NEVER);
  const bots = {
    get: (id: string) => Promise.reject(new StoreUnavailableError(`Cannot read ${id}: it is down.`)),
  };
  api.serve({ guards, bots: bots as unknown as ApiWorld["bots"] });
  const ask = (id: string) => api.call("GET", `/api/bots/${id}/guards`);
  assert.equal((await ask("other")).status, 503, "nothing is known of it");
  const removed = await ask("removed");
  assert.deepEqual([removed.status, removed.body.guards, removed.body.latches.length], [200, [], 1]);

  const { name, metric, field, limit } = GUARD;
  const rule = {
    name,
    metric,
    field,
    limit,
    when: "below",
    forSeconds: 0,
    action: "stop",
    latch: true,
  } as const;
  const container = { containerId: "c1", createdAt: new Date(NOW) } as ManagedContainer;
  using _watch = guards.watch({
    id: "bot",
    container,
    settings: { guards: [rule] },
    isNew: true,
    syncLines: () => Promise.resolve(),
  })!;
  const { status, body } = await ask("bot");
  assert.equal(status, 200);
  assert.deepEqual(body.guards.map((one: { name: string; state: string }) => [one.name, one.state]), [
    ["equity", "tripped"],
  ]);
  assert.equal(body.latches[0].text, latch.text);
});
