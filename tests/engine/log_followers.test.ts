import assert from "node:assert/strict";
import { followLog, type LogUpdate, readLog } from "../../cli/client/read_logs.ts";
import { readEvents } from "../../cli/client/event_stream.ts";
import type { LogLine } from "../../services/contract/logs.ts";
import { deployScript } from "../support/fixtures/deploy_support.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { noteRequests } from "../support/servers/engine_requests.ts";
import { TcpProxy } from "../support/servers/tcp_proxy.ts";
import { pause, until } from "../support/until.ts";

const COUNT = 30_000;
/** Prints numbered lines, more than any buffer on the way holds, then goes on running. */
const PRINTER = `
import time
def main(id, config):
    for i in range(${COUNT}):
        print(i, "x" * 300)
        if i % 50 == 0: time.sleep(0.005)
    print("end")
    while True: time.sleep(0.05)
`;
/** Prints a line ten times a second. */
const TICKER = `
import time
def main(id, config):
    i = 0
    while True:
        print(i)
        i += 1
        time.sleep(0.1)
`;

/** A proxy to the engine that a test can watch and cut. */
async function openProxy(): Promise<{ readonly engine: TcpProxy } & AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const engine = new TcpProxy({ path: DOCKER_HOST.replace("unix://", "") }, {
    path: `${folder}/engine.sock`,
  });
  await engine.open();
  return {
    engine,
    async [Symbol.asyncDispose]() {
      await engine.cut();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Collects the lines of a log until one says that it ends. */
async function linesOf(updates: AsyncIterable<LogUpdate>, lines: LogLine[] = []): Promise<LogLine[]> {
  for await (const update of updates) {
    if (update.kind !== "line") continue;
    lines.push(update.line);
    if (update.line.text === "end") break;
  }
  return lines;
}

/** Asserts that lines are the last ones of the printer, each once and in order. */
function assertLast(lines: readonly LogLine[], what: string): void {
  assert.equal(lines.at(-1)?.text, "end", what);
  const numbers = lines.slice(0, -1).map(({ text }) => parseInt(text));
  const wrong = numbers.findIndex((number, i) => number !== COUNT - numbers.length + i);
  assert.equal(wrong, -1, `${what}: at ${wrong} ${numbers.slice(Math.max(0, wrong - 3), wrong + 5)}`);
}

Deno.test("followers get every line once, whenever they begin and however slow they are, also over a restart", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { LOG_INTERVAL: "1" } });
  const { client } = service;
  const { signal } = new AbortController();
  await deployScript(client, { id: "printer", script: PRINTER });
  const first: LogLine[] = [];
  const following = [linesOf(followLog(client, "printer", {}, signal), first)];
  await until("the first lines", () => first.length > 500, 30_000);
  following.push(linesOf(followLog(client, "printer", { tail: 10 }, signal)));
  const params = { id: "printer" };
  const taken: LogLine[] = [];
  let lastId = "";
  for await (
    const { type, id, data } of readEvents(await client.request("followLogs", { params, query: {} }))
  ) {
    if (type === "message") taken.push(JSON.parse(data));
    lastId = id ?? lastId;
    if (taken.length === 100) break;
  }
  await until("a part", () => first.length > COUNT / 3, 60_000);
  await service.stop();
  await service.start();
  // Takes one event, and then nothing until all is printed.
  const headers = { "last-event-id": lastId };
  const events = readEvents(await client.request("followLogs", { params, query: {} }, { headers }));
  taken.push(JSON.parse((await events.next()).value!.data));
  following.push(linesOf(followLog(client, "printer", { since: first[COUNT / 4]!.time }, signal)));
  const whole = await Promise.all(following);
  assert.deepEqual(whole[0]!.length, COUNT + 1);
  for (const [index, lines] of whole.entries()) assertLast(lines, `follower ${index}`);
  const inMs = (line: LogLine) => line.time.slice(0, 23);
  assert.equal(inMs(whole[2]![0]!), inMs(whole[0]![COUNT / 4]!));
  for await (const { type, data } of events) {
    if (type === "message") taken.push(JSON.parse(data));
    if (taken.at(-1)!.text === "end") break;
  }
  assert.equal(taken.length, COUNT + 1);
  assertLast(taken, "the slow one");
  assert.deepEqual(await linesOf(readLog(client, "printer", { tail: 100 }, signal)), whole[0]!.slice(-100));
});

Deno.test("a log that nobody follows costs nothing, and many followers cost what one does", async () => {
  await using proxy = await openProxy();
  const { engine } = proxy;
  await using service = await ServiceFixture.open({
    engine: true,
    env: { DOCKER_HOST: `unix://${engine.address}`, RECONCILE_INTERVAL: "60" },
  });
  const { client } = service;
  await deployScript(client, { id: "ticker", script: TICKER });
  const looks = (requests: ReturnType<typeof noteRequests>) =>
    requests.filter(({ path, query }) =>
      path === "/containers/json" && (query.get("filters") ?? "").includes("=ticker")
    ).length;
  const ending = new AbortController();
  const lines: LogLine[][] = [];
  const follow = (count: number) =>
    Promise.all(Array.from({ length: count }, async () => {
      const own: LogLine[] = [];
      lines.push(own);
      for await (const update of followLog(client, "ticker", { tail: 0 }, ending.signal)) {
        if (update.kind === "line") own.push(update.line);
      }
    }));
  const all = [follow(1)];
  await until("lines", () => lines[0]!.length > 5, 30_000);
  let requests = noteRequests(engine);
  let seen = lines[0]!.length;
  await until("twenty lines", () => lines[0]!.length > seen + 20, 30_000);
  const ofOne = looks(requests);
  all.push(follow(30));
  await until("lines for all", () => lines.every((own) => own.length > 5), 30_000);
  requests = noteRequests(engine);
  seen = lines[0]!.length;
  await until("twenty more", () => lines[0]!.length > seen + 20, 30_000);
  const ofMany = looks(requests);
  assert.ok(ofOne > 0 && ofMany <= ofOne + 5, `${ofMany} looks for many, and ${ofOne} for one`);
  const last = lines[0]!.slice(-10);
  await until("the same for all", () => lines.every((own) => own.some(({ time }) => time === last[0]!.time)));
  for (const own of lines) {
    const numbers = own.map(({ text }) => Number(text));
    assert.deepEqual(numbers, numbers.map((_, i) => numbers[0]! + i));
  }
  ending.abort();
  await Promise.all(all);
  // Work that is on its way ends.
  await until("an end", async () => {
    requests = noteRequests(engine);
    await pause(1500, "a follower looks at least once a second");
    return looks(requests) === 0;
  }, 10_000);
});

Deno.test("a follower hears that the engine is down, and gets every line once it is back", async () => {
  await using proxy = await openProxy();
  const { engine } = proxy;
  await using service = await ServiceFixture.open({
    engine: true,
    env: { DOCKER_HOST: `unix://${engine.address}`, LOG_INTERVAL: "1" },
  });
  const { client } = service;
  await deployScript(client, { id: "ticker", script: TICKER });
  const updates: LogUpdate[] = [];
  const ending = new AbortController();
  const following = (async () => {
    for await (const update of followLog(client, "ticker", {}, ending.signal)) updates.push(update);
  })();
  const linesNow = () =>
    updates.flatMap((update) => update.kind === "line" ? [Number(update.line.text)] : []);
  await until("lines", () => linesNow().length > 5, 30_000);
  const { store } = service.composed;
  await until(
    "a stored line",
    async () => (await Array.fromAsync(store.listKeys("bot-logs", "logs/ticker/"))).length > 0,
  );
  await engine.cut();
  await until("a problem", () => updates.some(({ kind }) => kind === "problem"), 30_000);
  const before = linesNow().length;
  const stored: LogUpdate[] = [];
  for await (const update of readLog(client, "ticker", {}, ending.signal)) stored.push(update);
  assert.equal(stored.at(-1)?.kind, "problem");
  assert.ok(stored.length > 1);
  await engine.open();
  await until("more lines", () => linesNow().length > before + 20, 30_000);
  ending.abort();
  await following;
  assert.deepEqual(linesNow(), linesNow().map((_, i) => i));
});

Deno.test("metrics keep the digits of large integers", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { LOG_INTERVAL: "1" } });
  const { client } = service;
  const script = `
import time
def main(id, config):
    for i in range(3): print('{"_metric":"fill","order":1234567890123456789,"n":%d}' % i)
    print('{"_metric":"price","value":0.1}')
    while True: time.sleep(0.05)
`;
  await deployScript(client, { id: "metrics", script });
  const read = (query: { type?: string }) => client.text("getMetrics", { params: { id: "metrics" }, query });
  await until("four metrics", async () => JSON.parse(await read({})).recent.length === 4, 30_000);
  const text = await read({ type: "fill" });
  assert.match(text, /"order":1234567890123456789\b/);
  const { counts, latest, recent } = JSON.parse(text);
  assert.deepEqual([counts, Object.keys(latest), recent.length], [{ fill: 3 }, ["fill"], 3]);
  assert.equal(latest.fill.fields.n, 2);
});
