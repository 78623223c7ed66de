import assert from "node:assert/strict";
import { ApiError } from "../../../cli/client/api_client.ts";
import type { BotCondition } from "../../../services/bots/bot_condition.ts";
import { conditionAdvice } from "../../../services/bots/condition_advice.ts";
import { BOT_STATES } from "../../../services/contract/bots.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

function documentOf(config: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  const code = { runtime: "python3.11", entrypoints: { bot: "main.py" } };
  return { config, custom: { version: "1", filePath: "x", config: code }, ...more };
}

async function put(service: ServiceFixture, id: string, body = documentOf()): Promise<void> {
  await service.client.call("putBot", { params: { id }, body });
}

function show(service: ServiceFixture, id: string, condition: BotCondition, containerId?: string): void {
  service.composed.bots.state.setRunningBot({
    id,
    condition,
    ...(containerId !== undefined && { containerId }),
  });
}

async function problemOf(call: Promise<unknown>): Promise<ApiError> {
  return await call.then(() => assert.fail("no problem"), (error) => {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  });
}

Deno.test("listBots gives bots with and without a document, page by page", async () => {
  await using service = await ServiceFixture.open();
  for (const id of ["b", "a", "d"]) await put(service, id);
  show(service, "c", { type: "held", reason: "its document is gone" }, "c-1");
  show(service, "a", { type: "running" }, "a-1");
  const all = await service.client.call("listBots", { query: {} });
  assert.deepEqual(all.bots.map(({ id, state, enabled }) => [id, state, enabled]), [
    ["a", "running", true],
    ["b", "unknown", true],
    ["c", "held", false],
    ["d", "unknown", true],
  ]);
  assert.equal(all.next, undefined);
  assert.equal(all.bots[2]!.containerId, "c-1");
  const first = await service.client.call("listBots", { query: { limit: 3 } });
  assert.deepEqual([first.bots.length, first.next], [3, "c"]);
  const rest = await service.client.call("listBots", { query: { limit: 3, cursor: first.next! } });
  assert.deepEqual([rest.bots.map(({ id }) => id), rest.next], [["d"], undefined]);
});

Deno.test("listBots filters by state, label and text, and says why the service cannot see to its bots", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "Maker", documentOf({ berth: { labels: { desk: "fx", a: "x=y" } } }));
  await put(service, "taker", documentOf({ berth: { labels: { desk: "crypto" } } }));
  await put(service, "other");
  show(service, "taker", { type: "running" });
  const ids = async (query: Record<string, string>) =>
    (await service.client.call("listBots", { query })).bots.map(({ id }) => id);
  assert.deepEqual(await ids({ label: "desk" }), ["Maker", "taker"]);
  assert.deepEqual(await ids({ label: "desk=fx" }), ["Maker"]);
  assert.deepEqual(await ids({ label: "a=x=y" }), ["Maker"]);
  assert.deepEqual(await ids({ label: "toString" }), []);
  assert.deepEqual(await ids({ text: "MAKE" }), ["Maker"]);
  assert.deepEqual(await ids({ state: "running" }), ["taker"]);
  assert.deepEqual(await ids({ state: "unknown" }), ["Maker", "other"]);
  await until("the missing engine is noticed", async () => {
    const { trouble = "" } = await service.client.call("listBots", { query: {} });
    return /Docker|engine/.test(trouble);
  });
});

Deno.test("getBot gives document, warnings, ends and what to do", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "bot", documentOf({ berth: { nonsense: 1 }, big: 1 }));
  const { state } = service.composed.bots;
  show(service, "bot", { type: "backing-off", until: new Date(9000), nextAttempt: 2, exitCode: 1 });
  const base = { id: "bot", containerId: "c1", attempt: 1, startedAt: new Date(1000), at: new Date(2000) };
  state.report({ ...base, type: "exited", exit: { exitCode: 137, oomKilled: true, memoryBytes: 2 ** 29 } });
  await until(
    "the end is noted",
    async () => (await service.client.call("getBot", { params: { id: "bot" } })).exits.length === 1,
  );
  await service.stop();
  await service.start();
  const bot = await service.client.call("getBot", { params: { id: "bot" } });
  assert.deepEqual(bot.exits, [{
    at: "1970-01-01T00:00:02.000Z",
    startedAt: "1970-01-01T00:00:01.000Z",
    attempt: 1,
    exitCode: 137,
    reason: "out of memory: had 512 MB (exit code 137)",
    lastLines: [],
  }]);
  assert.match(bot.notes!.join(), /nonsense/);
  assert.equal(bot.document!.id, "bot");
  show(service, "bot", { type: "backing-off", until: new Date(9000), nextAttempt: 2, exitCode: 1 });
  const again = await service.client.call("getBot", { params: { id: "bot" } });
  assert.deepEqual([again.state, again.until], ["backing-off", "1970-01-01T00:00:09.000Z"]);
  assert.match(again.advice!, /berth logs bot/);
});

Deno.test("getBot tells apart nothing, a schedule and a container without a document", async () => {
  await using service = await ServiceFixture.open();
  const { schedules } = service.composed.stores;
  await schedules.open();
  await schedules.write({ type: "created", id: "daily", document: { id: "daily" }, order: {} });
  const missing = await problemOf(service.client.call("getBot", { params: { id: "none" } }));
  assert.deepEqual([missing.status, missing.code], [404, "bot/not-found"]);
  for (const operation of ["getBot", "restartBot"] as const) {
    const problem = await problemOf(service.client.call(operation, { params: { id: "daily" } }));
    assert.equal(problem.status, 404);
    assert.match(problem.message, /a schedule of that id.*\/api\/schedules\/daily/);
  }
  show(service, "left", { type: "held", reason: "its document is gone" }, "c");
  const left = await service.client.call("getBot", { params: { id: "left" } });
  assert.deepEqual([left.document, left.state, left.enabled], [undefined, "held", false]);
  assert.match(left.advice!, /berth remove left/);
});

Deno.test("restartBot refuses what cannot be restarted, and says what to do", async () => {
  await using service = await ServiceFixture.open();
  const restart = (id: string) => service.client.call("restartBot", { params: { id } });
  assert.equal((await problemOf(restart("none"))).status, 404);
  await put(service, "off", documentOf({ enabled: false }));
  const { bots } = service.composed.stores;
  await bots.write({ type: "created", id: "broken", document: { id: "broken", config: 1 }, order: {} });
  await put(service, "unseen");
  for (const [id, code] of [["off", "disabled"], ["broken", "invalid"], ["unseen", "not-served"]] as const) {
    const problem = await problemOf(restart(id));
    assert.deepEqual([problem.status, problem.code], [409, `bot/${code}`]);
    assert.ok(problem.advice, id);
  }
  show(service, "unseen", { type: "running" }, "c1");
  const { id, enabled, etag } = await restart("unseen");
  assert.deepEqual([id, enabled], ["unseen", true]);
  const response = await service.client.request("getBot", { params: { id } });
  assert.equal(response.headers.get("etag"), etag);
  await response.body?.cancel();
});

Deno.test("every condition of a bot is a state of the contract, and those that need a person have advice", () => {
  const until = new Date(0);
  const conditions: readonly BotCondition[] = [
    { type: "running" },
    { type: "ready" },
    { type: "silent", message: "x" },
    { type: "unhealthy", message: "x" },
    { type: "paused" },
    { type: "starting", attempt: 1 },
    { type: "stopping", reason: "replaced" },
    { type: "completed", endedAt: until },
    { type: "backing-off", until, nextAttempt: 2, exitCode: 0 },
    { type: "backing-off", until, nextAttempt: 2, exitCode: 143 },
    { type: "backing-off", until, nextAttempt: 2, exitCode: 137, oomKilled: true },
    { type: "invalid", reason: "x", stillRunning: false },
    { type: "image-missing", message: "x" },
    { type: "waiting", for: "x" },
    { type: "disabled" },
    { type: "held", reason: "x" },
    { type: "blocked", reason: "x" },
    { type: "latched", reason: "x" },
    { type: "outside-session", reason: "x" },
    { type: "failed", message: "x" },
    { type: "failed", message: "x", endedAt: until },
  ];
  const types = new Set<string>(conditions.map(({ type }) => type));
  assert.deepEqual([...types].sort(), BOT_STATES.filter((state) => state !== "unknown").sort());
  const silent = conditions.filter((condition) => conditionAdvice("bot", condition) === undefined);
  assert.deepEqual(silent.map(({ type }) => type), [
    "running",
    "ready",
    "starting",
    "stopping",
    "completed",
    "outside-session",
  ]);
});
