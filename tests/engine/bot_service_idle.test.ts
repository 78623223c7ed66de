import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { type EngineRequestLine, noteRequests } from "../support/servers/engine_requests.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { until } from "../support/until.ts";

const BOTS = fullOrShort(50, 10);
const CYCLES = fullOrShort(20, 5);

Deno.test("BotService only lists while nothing changes: once in each interval", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, start, proxies, id } = fixture;
  const names = Array.from({ length: BOTS }, (_, index) => `bot-${index}`);
  for (const name of names) await write(document(name));
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, {}])));
  // Requests that began before are over with the second list.
  const before = noteRequests(proxies.engine);
  await until("two lists", () => before.filter(({ path }) => path === "/containers/json").length >= 2);
  // After an outage, also of a database that others keep busy, it reads at once.
  const outages = () => berth.lines.filter((line) => /waiting for=|reachable again/.test(line)).length;
  let requests: EngineRequestLine[] = [];
  let intervals = 0;
  await until("a measurement without an outage", async () => {
    const outagesBefore = outages();
    requests = noteRequests(proxies.engine);
    const begin = performance.now();
    await until(`${CYCLES} lists`, () => requests.length >= CYCLES, 60_000);
    intervals = (performance.now() - begin) / 1000;
    return outages() === outagesBefore;
  });
  assert.deepEqual([...new Set(requests.map(({ method, path }) => `${method} ${path}`))], [
    "GET /containers/json",
  ]);
  assert.ok(requests.length <= intervals + 2, `${requests.length} lists in ${intervals} intervals`);
  assert.equal(berth.lines.filter((line) => line.includes("bot started")).length, BOTS);
  assert.ok(!berth.lines.some((line) => line.includes(`bot stopping id=${id("")}`)));
});

Deno.test("BotService stops what a full read has seen running, and does not look for it once more", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, start, proxies, documents, env, containers } = fixture;
  const names = Array.from({ length: 5 }, (_, index) => `bot-${index}`);
  for (const name of names) await write(document(name));
  await using _berth = start({ RECONCILE_INTERVAL: "1", NATS_URL: "" });
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, {}])));
  const before = noteRequests(proxies.engine);
  await until("two lists", () => before.filter(({ path }) => path === "/containers/json").length >= 2);
  const requests = noteRequests(proxies.engine);
  await documents.updateMany({ berth_test: env.BERTH_INSTANCE }, { $set: { enabled: false } });
  await until("their end", async () => (await containers()).length === 0);
  assert.equal(requests.filter(isStop).length, names.length);
  assert.deepEqual(looksBefore(requests, isStop), []);
});

Deno.test("BotService asks the engine for nothing that it knows when events start and stop bots", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, publish, start, proxies, containers } = fixture;
  const names = Array.from({ length: 5 }, (_, index) => `bot-${index}`);
  for (const name of names) await write(document(name, { round: 1 }));
  const requests = noteRequests(proxies.engine);
  await using berth = start({});
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, { round: 1 }])));
  await berth.logged(/Events come from the stream/);
  // The list said that there were none.
  assert.deepEqual(looksBefore(requests, isStart), []);
  for (const round of [2, 3]) {
    requests.length = 0;
    for (const name of names) await publish("updated", document(name, { enabled: false }));
    await until("their end", async () => (await containers()).length === 0);
    assert.equal(requests.filter(isStop).length, names.length);
    assert.deepEqual(looksBefore(requests, isStop), []);
    requests.length = 0;
    for (const name of names) await publish("updated", document(name, { enabled: true, round }));
    await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, { enabled: true, round }])));
    assert.deepEqual(looksBefore(requests, isStart), []);
  }
});

function isStart({ method, path }: EngineRequestLine): boolean {
  return method === "POST" && path.endsWith("/start");
}

function isStop({ method, path }: EngineRequestLine): boolean {
  return method === "POST" && path.endsWith("/stop");
}

/** Requests after a stop are those of the log, which has to know whether there is more to come. */
function looksBefore(
  requests: readonly EngineRequestLine[],
  isLast: (line: EngineRequestLine) => boolean,
): EngineRequestLine[] {
  return requests.slice(0, requests.findLastIndex(isLast))
    .filter(({ path }) => /^\/containers\/[^/]+\/json$/.test(path));
}
