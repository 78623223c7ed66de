import assert from "node:assert/strict";
import { BacktestService } from "../../../services/backtests/backtest_service.ts";
import { ApiWorld, BUCKETS } from "../../support/api_world.ts";
import { archiveOf } from "../../support/fixtures/deploy_support.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const SECOND = 1000;

/** An API with a bot `mine` that has a backtest, and a service that runs backtests, one at a time. */
async function openBacktests() {
  const api = await ApiWorld.open(NOW);
  const { world } = api;
  await api.store.put(BUCKETS.code, "code", archiveOf({ "main.py": "", "test.py": "" }));
  const build = "0123456789abcdef";
  await api.store.put(BUCKETS.code, `local/mine/0.9+${build}`, archiveOf({ "test.py": "old" }));
  await api.store.put(BUCKETS.code, "other", archiveOf({ "main.py": "" }));
  const put = (id: string, entrypoints: Record<string, string>) =>
    api.call("PUT", `/api/bots/${id}`, {
      body: { config: { x: 1 }, custom: { version: "1.0", filePath: "code", config: { entrypoints } } },
    });
  assert.equal((await put("mine", { bot: "main.py", backtest: "test.py" })).status, 201);
  assert.equal((await put("plain", { bot: "main.py" })).status, 201);
  world.programs.set("mine", { ms: 10 * SECOND, exitCodes: [0], stopMs: SECOND });
  const service = new BacktestService({
    repository: api.backtests,
    runner: world.engine("one").runner(),
    instance: "one",
    maxConcurrentBacktests: 1,
    clock: world.clock,
  });
  const end = new AbortController();
  const running = service.run(end.signal);
  const stop = async () => {
    end.abort();
    await world.clock.advance(SECOND);
    await running;
  };
  const start = (body: Record<string, unknown>) =>
    api.call("POST", "/api/backtests", { body: { bot: "mine", ...body } });
  return { api, world, service, start, stop };
}

Deno.test("a backtest is queued, runs, and keeps its result and its log", async () => {
  const { api, world, service, start, stop } = await openBacktests();
  await using _api = api;
  const nobody = await start({});
  assert.deepEqual([nobody.status, nobody.body.code], [503, "backtests/not-served"]);
  api.serve({ backtestService: service });
  const first = await start({ config: '{"id":8389766036995847941,"x":1.0}' });
  assert.equal(first.status, 202, first.text);
  const { id } = first.body;
  assert.equal(first.headers.get("location"), `/api/backtests/${id}`);
  assert.deepEqual([first.body.state, first.body.bot, first.body.version], ["queued", "mine", "1.0"]);
  assert.equal(first.body.requestedBy, "token ci");
  assert.equal(
    "config" in first.body || "executable" in first.body,
    false,
    "a configuration may hold secrets",
  );
  await world.clock.advance(1);
  const second = await start({});
  await world.clock.advance(SECOND);
  const get = async (id: string) => (await api.call("GET", `/api/backtests/${id}`)).body;
  assert.deepEqual([(await get(id)).state, (await get(second.body.id)).state], ["running", "queued"]);
  const stored = await api.backtests.get(id);
  assert.equal(stored?.record.executable.config, '{"id":8389766036995847941,"x":1.0}');
  const early = await api.call("GET", `/api/backtests/${id}/result`);
  assert.deepEqual([early.status, early.body.code], [404, "backtest/no-result"]);
  await world.clock.advance(10 * SECOND);
  const ended = await get(id);
  assert.deepEqual([ended.state, ended.exitCode, ended.durationMs], ["succeeded", 0, 10 * SECOND]);
  await api.store.put(BUCKETS.results, `mine/backtests/${id}.json`, new TextEncoder().encode('{"x":1.10}'));
  assert.equal((await api.call("GET", `/api/backtests/${id}/result`)).text, '{"x":1.10}');
  const line = (run: string | undefined, message: string) =>
    JSON.stringify({
      ...(run && { berth: { run } }),
      timestamp: "2025-03-01T00:00:02Z",
      stream: "stdout",
      message,
    });
  await api.putLog("logs/mine/20250301.log", [
    line(undefined, "of the bot"),
    line(id, "of the backtest"),
    line(second.body.id, "of another"),
  ]);
  assert.match(
    (await api.call("GET", `/api/backtests/${id}/log`)).text,
    /^\{[^\n]*"text":"of the backtest"[^\n]*\}\n$/,
  );
  await stop();
});

Deno.test("backtests are listed in pages, by bot and by state, and cancelled", async () => {
  const { api, world, service, start, stop } = await openBacktests();
  await using _api = api;
  api.serve({ backtestService: service });
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    ids.push((await start({})).body.id);
    await world.clock.advance(1);
  }
  await world.clock.advance(SECOND);
  const list = async (query: string) => {
    const { body } = await api.call("GET", `/api/backtests?${query}`);
    return [body.backtests.map(({ id }: { id: string }) => ids.indexOf(id)), body.next];
  };
  assert.deepEqual(await list(""), [[2, 1, 0], undefined]);
  assert.deepEqual(await list("limit=2"), [[2, 1], ids[1]]);
  assert.deepEqual(await list(`limit=2&cursor=${ids[1]}`), [[0], undefined]);
  assert.deepEqual(await list("state=running"), [[0], undefined]);
  assert.deepEqual(await list("bot=plain"), [[], undefined]);
  const cancelled = await api.call("POST", `/api/backtests/${ids[2]}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.state], [202, "cancelled"]);
  assert.equal((await api.call("POST", `/api/backtests/${ids[0]}/cancel`)).body.cancelledBy, "token ci");
  await world.clock.advance(20 * SECOND);
  const states = async () =>
    (await api.call("GET", "/api/backtests")).body.backtests.map((one: { state: string }) => one.state);
  assert.deepEqual(await states(), ["cancelled", "succeeded", "cancelled"]);
  const late = await api.call("POST", `/api/backtests/${ids[1]}/cancel`);
  assert.deepEqual([late.status, late.body.code], [409, "backtest/ended"]);
  const unknown = await api.call("POST", "/api/backtests/20250101t000000000-00000000/cancel");
  assert.deepEqual([unknown.status, unknown.body.code], [404, "backtest/not-found"]);
  assert.equal((await api.call("GET", "/api/backtests/..%2f")).status, 400);
  await stop();
});

Deno.test("a backtest of stored code takes its version or its key, and says what is wrong", async () => {
  const { api, service, start, stop } = await openBacktests();
  await using _api = api;
  api.serve({ backtestService: service });
  const old = await start({ version: "0.9" });
  assert.deepEqual([old.status, old.body.version, old.body.filePath], [
    202,
    "0.9",
    "local/mine/0.9+0123456789abcdef",
  ]);
  assert.equal((await start({ version: "1.0" })).body.filePath, "code", "the deployed one");
  for (
    const [body, status, code] of [
      [{ bot: "nobody" }, 404, "bot/not-found"],
      [{ bot: "plain" }, 422, "backtest/no-entrypoint"],
      [{ version: "7" }, 409, "code/not-found"],
      [{ filePath: "nothing" }, 409, "deployment/code-missing"],
      [{ filePath: "other" }, 422, "archive/missing-script"],
      [{ version: "0.9", filePath: "code" }, 422, "backtest/ambiguous"],
      [{ config: "[1]" }, 422, "backtest/invalid"],
      [{ config: "{" }, 422, "backtest/invalid"],
      [{ config: { x: 1 } }, 400, "request/invalid"],
      [{ bot: "../x" }, 400, "request/invalid"],
      [{ filePath: "a\u0000b" }, 400, "request/invalid"],
      [{ colour: "red" }, 400, "request/invalid"],
    ] as const
  ) {
    const answer = await start(body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body) + answer.text);
  }
  await stop();
});
