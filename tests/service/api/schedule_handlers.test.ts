import assert from "node:assert/strict";
import type { RunRecord } from "../../../services/schedules/run_repository.ts";
import { ApiWorld, BUCKETS } from "../../support/api_world.ts";
import { startScheduler } from "../../support/schedule_model.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const BEGIN = Date.parse("2025-03-01T00:00:00Z") / 1000;
const SECOND = 1000;

const custom = {
  version: "1.2",
  filePath: "code",
  config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
};
const document = (config: Record<string, unknown>) => ({ config, custom });

function recordOf(scheduleId: string, n: number, more: Partial<RunRecord> = {}): RunRecord {
  const slot = BEGIN + n * 60;
  const at = new Date(slot * 1000);
  return {
    id: `${scheduleId}@${slot}`,
    scheduleId,
    slot,
    trigger: "schedule",
    state: "succeeded",
    instance: "one",
    seenAt: at,
    claimedAt: at,
    attempt: 1,
    ...more,
  };
}

Deno.test("a schedule is written, shown with its next times, changed, disabled, and removed", async () => {
  await using api = await ApiWorld.open(NOW);
  const written = document({
    schedule: "0 9 * * mon-fri",
    berth: { timezone: "America/New_York" },
    big: 1,
  });
  const text = JSON.stringify(written).replace('"big":1', '"big":8389766036995847941');
  const put = await api.call("PUT", "/api/schedules/report", { body: text });
  assert.deepEqual([put.status, put.body.id, put.body.enabled], [201, "report", true], put.text);
  const got = await api.call("GET", "/api/schedules/report");
  assert.equal(got.headers.get("etag"), put.body.etag);
  assert.match(got.text, /"big":8389766036995847941/);
  const { condition, state, schedule, timezone, next, version, runtime, times, openRuns, clockNotes } =
    got.body;
  assert.deepEqual([state, condition], ["scheduled", "next slot at 2025-03-03T14:00:00.000Z"]);
  assert.deepEqual([schedule, timezone], ["0 9 * * mon-fri (America/New_York)", "America/New_York"]);
  assert.deepEqual([next, version, runtime, openRuns], ["2025-03-03T14:00:00.000Z", "1.2", "python3.11", []]);
  assert.equal(times.length, 5);
  assert.deepEqual(times[0], { utc: "2025-03-03T14:00:00.000Z", local: "2025-03-03T09:00:00-05:00" });
  assert.match(clockNotes.join(), /clocks go from/);
  const again = await api.call("PUT", "/api/schedules/report", {
    body: document({ schedule: "@daily" }),
    headers: { "if-match": '"other"' },
  });
  assert.deepEqual([again.status, again.body.code], [412, "document/changed"]);
  const disabled = await api.call("POST", "/api/schedules/report/disable");
  assert.deepEqual([disabled.status, disabled.body.enabled], [200, false]);
  const off = (await api.call("GET", "/api/schedules/report")).body;
  assert.deepEqual([off.state, off.condition, off.next], ["disabled", "disabled", undefined]);
  assert.equal((await api.call("POST", "/api/schedules/report/enable")).body.enabled, true);
  assert.equal((await api.call("DELETE", "/api/schedules/report")).status, 204);
  for (
    const [method, path] of [["GET", ""], ["DELETE", ""], ["POST", "/enable"], ["GET", "/next"], [
      "POST",
      "/run",
    ]]
  ) {
    const { status, body } = await api.call(method!, `/api/schedules/report${path}`);
    assert.deepEqual([status, body.code], [404, "schedule/not-found"], `${method} ${path}`);
  }
  assert.deepEqual(
    api.announced,
    ["created", "updated", "updated", "deleted"].map((type) => `schedules ${type} report`),
  );
});

Deno.test("a schedule that cannot run is refused with the field that is wrong", async () => {
  await using api = await ApiWorld.open(NOW);
  for (
    const [config, message] of [
      [{ schedule: "0 0 31 2 *" }, /config\.schedule: /],
      [{ schedule: "* * *" }, /config\.schedule: /],
      [{}, /config\.schedule: /],
      [{ schedule: "@daily", berth: { timezone: "Mars/Base" } }, /config\.berth\.timezone: /],
      [{ schedule: "@daily", berth: { concurrency_policy: "Sometimes" } }, /concurrency_policy/],
    ] as const
  ) {
    const { status, body } = await api.call("PUT", "/api/schedules/x", { body: document(config) });
    assert.deepEqual([status, body.code], [422, "document/invalid"]);
    assert.match(body.detail, message);
  }
  // Another program may have written it.
  await api.world.put("bad", { schedule: "never" });
  const { body } = await api.call("GET", "/api/schedules/bad");
  assert.equal(body.state, "invalid");
  assert.match(body.problem, /config\.schedule/);
  assert.deepEqual(body.times, []);
});

Deno.test("schedules are listed in pages, by state and by part of the id, with their latest runs", async () => {
  await using api = await ApiWorld.open(NOW);
  for (const id of ["a1", "a2", "b1", "b2"]) {
    await api.world.put(id, { schedule: "@daily", enabled: !id.endsWith("2") });
  }
  await api.world.runs.insert([recordOf("a1", 1, { state: "failed", reason: "It ended with exit code 3." })]);
  const ids = async (query: string) => {
    const { body } = await api.call("GET", `/api/schedules?${query}`);
    return [body.schedules.map(({ id }: { id: string }) => id), body.next];
  };
  assert.deepEqual(await ids(""), [["a1", "a2", "b1", "b2"], undefined]);
  assert.deepEqual(await ids("limit=3"), [["a1", "a2", "b1"], "b1"]);
  assert.deepEqual(await ids("limit=3&cursor=b1"), [["b2"], undefined]);
  assert.deepEqual(await ids("state=disabled"), [["a2", "b2"], undefined]);
  assert.deepEqual(await ids("text=A"), [["a1", "a2"], undefined]);
  assert.deepEqual(await ids("text=A&limit=1&state=scheduled"), [["a1"], undefined]);
  const { body } = await api.call("GET", "/api/schedules");
  assert.equal(body.schedules[0].lastRun.reason, "It ended with exit code 3.");
  assert.equal("lastRun" in body.schedules[1], false);
  assert.equal((await api.call("GET", "/api/schedules?color=red")).status, 400);
});

Deno.test("the next times of a schedule and of an expression can be asked for", async () => {
  await using api = await ApiWorld.open(NOW);
  await api.world.put("off", { schedule: "*/5 * * * *", enabled: false });
  const { body } = await api.call("GET", "/api/schedules/off/next?count=2");
  assert.deepEqual(body.times.map(({ utc }: { utc: string }) => utc), [
    "2025-03-01T00:05:00.000Z",
    "2025-03-01T00:10:00.000Z",
  ]);
  const query = new URLSearchParams({ expression: "30 2 * * *", timezone: "Europe/Berlin", count: "1" });
  const preview = (await api.call("GET", `/api/cron/next?${query}`)).body;
  assert.deepEqual(preview.times, [{ utc: "2025-03-01T01:30:00.000Z", local: "2025-03-01T02:30:00+01:00" }]);
  assert.equal(preview.reading, "five-fields");
  const never = await api.call("GET", "/api/cron/next?expression=0+0+31+2+*");
  assert.deepEqual([never.status, never.body.code], [422, "schedule/never-runs"]);
  assert.equal((await api.call("GET", "/api/cron/next?expression=@daily&count=0")).status, 400);
});

Deno.test("a schedule is run now; Forbid answers 409 with the run that goes", async () => {
  await using api = await ApiWorld.open(NOW);
  const { world } = api;
  await world.put("one", { schedule: "0 0 1 1 *", enabled: false }, { ms: 10 * SECOND });
  const nobody = await api.call("POST", "/api/schedules/one/run");
  assert.deepEqual([nobody.status, nobody.body.code], [503, "schedules/not-served"]);
  const scheduler = startScheduler(world, "one");
  api.serve({ scheduleService: scheduler.service });
  await world.clock.advance(SECOND);
  const first = await api.call("POST", "/api/schedules/one/run");
  const id = `one@${BEGIN + 1}-manual`;
  assert.deepEqual([first.status, first.body.id, first.body.state], [202, id, "claimed"]);
  assert.deepEqual([first.body.trigger, first.body.requestedBy], ["manual", "token ci"]);
  assert.equal(first.headers.get("location"), `/api/runs/${encodeURIComponent(id)}`);
  await world.clock.advance(SECOND);
  const second = await api.call("POST", "/api/schedules/one/run");
  assert.deepEqual([second.status, second.body.code, second.body.run], [409, "run/in-progress", id]);
  assert.match(second.body.detail, /concurrency_policy is Forbid/);
  assert.deepEqual(
    (await api.call("GET", "/api/schedules/one")).body.openRuns.map((run: { id: string }) => run.id),
    [
      id,
    ],
  );
  const going = (await api.call("GET", `/api/runs/${encodeURIComponent(id)}`)).body;
  assert.deepEqual([going.state, going.attempt, going.slot], ["running", 1, "2025-03-01T00:00:01.000Z"]);
  await world.clock.advance(20 * SECOND);
  assert.equal((await api.call("GET", `/api/runs/${id}`)).body.state, "succeeded");
  assert.equal(
    (await api.call("GET", "/api/runs")).body.runs.length,
    1,
    "a refused request leaves no record",
  );
  await scheduler.stop();
  const ended = await api.call("POST", "/api/schedules/one/run");
  assert.deepEqual([ended.status, ended.body.code], [503, "schedules/not-serving"]);
});

Deno.test("runs are listed in pages, with filters; a retried run says so", async () => {
  await using api = await ApiWorld.open(NOW);
  await api.world.runs.insert([
    recordOf("a", 0, { state: "failed", reason: "x" }),
    recordOf("a", 1, { attempt: 2 }),
    recordOf("a", 2, { trigger: "catch-up" }),
    recordOf("a", 3),
    recordOf("b", 3, { state: "skipped", attempt: 0 }),
  ]);
  const list = async (path: string) => {
    const { status, body } = await api.call("GET", path);
    assert.equal(status, 200, JSON.stringify(body));
    return [
      body.runs.map(({ id }: { id: string }) =>
        id.replace(/\d+$/, (slot) => String((Number(slot) - BEGIN) / 60))
      ),
      body.next,
    ];
  };
  assert.deepEqual((await list("/api/runs"))[0], ["b@3", "a@3", "a@2", "a@1", "a@0"]);
  assert.deepEqual((await list("/api/schedules/a/runs"))[0], ["a@3", "a@2", "a@1", "a@0"]);
  const found: string[] = [];
  for (let next: string | undefined = ""; next !== undefined;) {
    const cursor: string = next && `&cursor=${encodeURIComponent(next)}`;
    const page: [string[], string?] = await list(`/api/runs?limit=2${cursor}`) as [string[], string?];
    found.push(...page[0]);
    next = page[1];
  }
  assert.deepEqual(found, ["b@3", "a@3", "a@2", "a@1", "a@0"]);
  assert.deepEqual(await list("/api/runs?schedule=b"), [["b@3"], undefined]);
  assert.deepEqual(await list("/api/runs?state=failed"), [["a@0"], undefined]);
  assert.deepEqual(await list("/api/runs?trigger=retry"), [["a@1"], undefined]);
  assert.deepEqual(await list("/api/schedules/a/runs?trigger=catch-up"), [["a@2"], undefined]);
  const range = "from=2025-03-01T00:00:30Z&to=2025-03-01T00:03:00Z";
  assert.deepEqual(await list(`/api/runs?${range}`), [["a@2", "a@1"], undefined]);
  const retried = (await api.call("GET", `/api/runs/a@${BEGIN + 60}`)).body;
  assert.deepEqual([retried.trigger, retried.origin, retried.attempt], ["retry", "schedule", 2]);
  for (const query of ["cursor=x", "state=exploded", "from=yesterday", "limit=0", "schedule=../x"]) {
    const { status, body } = await api.call("GET", `/api/runs?${query}`);
    assert.deepEqual([status, body.code], [400, "request/invalid"], query);
  }
  for (const id of ["a@1", "..%2f@1", "a@-1", "a@1-auto", "__proto__"]) {
    assert.ok([400, 404].includes((await api.call("GET", `/api/runs/${id}`)).status), id);
  }
});

Deno.test("the log of a run holds the lines of its attempts, and of no other run", async () => {
  await using api = await ApiWorld.open(NOW);
  const slot = BEGIN + 60;
  await api.world.runs.insert([
    recordOf("a", 1, { attempt: 2, finishedAt: new Date((slot + 5) * 1000) }),
    recordOf("a", 2, { attempt: 1, finishedAt: new Date((slot + 5) * 1000) }),
  ]);
  const line = (run: string, second: number, text: string) =>
    JSON.stringify({
      berth: { run },
      timestamp: `2025-03-01T00:01:0${second}.000000001Z`,
      stream: "stdout",
      message: text,
    });
  await api.putLog("logs/a/20250301.log", [
    line(`${slot}`, 0, "first"),
    line(`${slot + 60}`, 1, "other"),
    line(`${slot}-manual`, 1, "manual"),
    line(`${slot}-r2`, 2, "second"),
    JSON.stringify({ timestamp: "2025-03-01T00:01:03Z", message: "of a bot" }),
    line(`${slot}-r2`, 4, "last"),
  ]);
  const path = `/api/runs/a@${slot}/log`;
  const answer = await api.call("GET", path);
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  const lines = answer.text.trimEnd().split("\n").map((text) => JSON.parse(text));
  assert.deepEqual(lines.map(({ text, run }) => `${run} ${text}`), [
    `${slot} first`,
    `${slot}-r2 second`,
    `${slot}-r2 last`,
  ]);
  assert.deepEqual(lines[0], {
    time: "2025-03-01T00:01:00.000000001Z",
    stream: "stdout",
    text: "first",
    run: `${slot}`,
  });
  assert.match((await api.call("GET", `${path}?tail=1`)).text, /^\{.*"text":"last".*\}\n$/);
  assert.match(
    (await api.call("GET", `${path}?follow=true`)).text,
    /last/,
    "it has ended, so the answer ends",
  );
  assert.match((await api.call("GET", `/api/runs/a@${slot + 60}/log`)).text, /^.*"other".*\n$/);
  assert.equal((await api.call("GET", "/api/runs/a@1/log")).body.code, "run/not-found");
});

Deno.test("the result of a run comes byte for byte; a run without one says why", async () => {
  await using api = await ApiWorld.open(NOW);
  const bytes = '{"big": 8389766036995847941, "x": 1.10}';
  await api.store.put(BUCKETS.results, "a/runs/1.json", new TextEncoder().encode(bytes));
  await api.world.runs.insert([
    recordOf("a", 0, { resultStatus: "stored", result: "a/runs/1.json" }),
    recordOf("a", 1, { resultStatus: "stored", result: "a/runs/2.json" }),
    recordOf("a", 2, { resultStatus: "invalid-json", state: "failed" }),
    recordOf("a", 3, { state: "running" }),
    recordOf("a", 4, { state: "skipped", attempt: 0 }),
  ]);
  const result = (n: number) => api.call("GET", `/api/runs/a@${BEGIN + n * 60}/result`);
  const found = await result(0);
  assert.deepEqual([found.status, found.text, found.headers.get("content-type")], [
    200,
    bytes,
    "application/json",
  ]);
  for (
    const [n, code, detail] of [
      [1, "result/removed", /a\/runs\/2\.json/],
      [2, "run/no-result", /its result is invalid-json/],
      [3, "run/no-result", /it is running/],
      [4, "run/no-result", /it was skipped/],
      [5, "run/not-found", /no run/],
    ] as const
  ) {
    const { status, body } = await result(n);
    assert.deepEqual([status, body.code], [404, code]);
    assert.match(body.detail, detail);
  }
});

Deno.test("a slot that comes before a scheduler has seen what was written gets its record", async () => {
  await using api = await ApiWorld.open(NOW);
  const { world } = api;
  const put = (id: string, more = {}) =>
    api.call("PUT", `/api/schedules/${id}`, { body: { ...document({ schedule: "5 * * * * *" }), ...more } });
  const scheduler = startScheduler(world, "one");
  await put("disabled", { enabled: false });
  await api.call("PUT", "/api/schedules/changed", { body: document({ schedule: "0 0 1 1 *" }) });
  await world.clock.advance(SECOND);
  scheduler.kill();
  assert.equal((await put("new")).status, 201);
  assert.equal((await put("changed")).status, 200);
  assert.equal((await api.call("POST", "/api/schedules/disabled/enable")).status, 200);
  // The API answers, and nobody serves the schedules.
  await world.clock.advance(8 * SECOND);
  await using _heir = { [Symbol.asyncDispose]: startScheduler(world, "one").stop };
  await world.clock.advance(5 * SECOND);
  for (const id of ["new", "changed", "disabled"]) {
    const { runs } = (await api.call("GET", `/api/schedules/${id}/runs`)).body;
    assert.deepEqual(runs.map(({ slot }: { slot: string }) => slot), ["2025-03-01T00:00:05.000Z"], id);
  }
});
