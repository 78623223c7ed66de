/**
 * The API of a Berth that stands by: it answers as the leader does, because it asks the leader.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ApiClient, type ApiError } from "../../cli/client/api_client.ts";
import { readEvents } from "../../cli/client/event_stream.ts";
import { type Berth, BerthsFixture, leadersOf, putBot } from "../support/fixtures/berths_fixture.ts";
import { untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

/** Starts two Berths, of which the first leads, and a bot that runs. */
async function openTwo(fixture: BerthsFixture): Promise<[Berth, Berth]> {
  const leader = fixture.start();
  await leadersOf([leader]);
  const standby = fixture.start();
  await standby.logged(/standing by/);
  await putBot(leader, fixture, "a", { prints: ["hello"] });
  await untilPrinted(fixture.bots, await untilRunning(fixture.bots, { a: undefined }));
  return [leader, standby];
}

/** A client of a Berth by TCP, with a token. */
async function remoteOf({ client, url }: Berth, name: string): Promise<ApiClient> {
  const { value } = await client.call("createToken", { body: { name, role: "operate" } });
  return new ApiClient({ url, token: value, tempDir: "", instance: "" });
}

Deno.test("a Berth that stands by answers as the leader does, and notes who has asked", async () => {
  await using fixture = await BerthsFixture.open(2);
  const { bots } = fixture;
  const [leader, standby] = await openTwo(fixture);
  // A token that the leader has not seen yet is known to it at once.
  using remote = await remoteOf(standby, "ops");
  const id = bots.id("a");
  for (const client of [standby.client, remote]) {
    const [list, overview] = await Promise.all([
      client.call("listBots", { query: { limit: 1000 } }),
      client.call("getOverview", {}),
    ]);
    assert.equal(list.trouble, undefined);
    assert.equal(list.bots.find((bot) => bot.id === id)?.state, "running");
    assert.equal(overview.bots.find((bot) => bot.id === id)?.state, "running");
    assert.equal((await client.call("getBot", { params: { id } })).condition, "running");
    const { latches } = await client.call("listLatches", {});
    assert.deepEqual(latches.filter(({ bot }) => bot.startsWith(bots.id(""))), []);
    const log = await (await client.request("readLogs", { params: { id }, query: {} })).text();
    assert.match(log, /"text":"hello"/);
  }
  await putBot(standby, fixture, "written-here", { enabled: false });
  const { bots: written } = await remote.call("listBots", { query: { limit: 1000 } });
  assert.ok(
    written.some((bot) => bot.id === bots.id("written-here")),
    "what it has written is listed at once",
  );
  const response = await remote.request("listBots", { query: {} });
  assert.equal(response.headers.get("berth-leader"), leader.url);
  await response.body?.cancel();

  const [before] = await bots.containers();
  await remote.call("restartBot", { params: { id } });
  await until("the restart", async () => {
    // The earlier one may wait for its last lines to be stored.
    const running = (await bots.containers()).filter(({ running }) => running);
    return running.length === 1 && running[0]!.id !== before!.id;
  });
  await standby.client.call("restartBot", { params: { id } });
  const { entries } = await standby.client.call("listAudit", { query: { operation: "restartBot" } });
  const own = entries.filter(({ subject }) => subject === id);
  assert.deepEqual(own.map(({ who, from, subject, status }) => ({ who, from, subject, status })), [
    { who: "local", from: "unix at 127.0.0.1", subject: id, status: 202 },
    { who: "token ops", from: "127.0.0.1", subject: id, status: 202 },
  ], "one entry each, of the caller");
  await assert.rejects(
    remote.call("releaseGuard", { params: { id, guard: "none" }, body: { reason: "test" } }),
    { code: "guard/not-latched" },
  );
  assert.ok(!standby.lines.some((line) => /bot started|bot stopped/.test(line)));
});

Deno.test("a schedule is run now through a Berth that stands by, once for each key", async () => {
  await using fixture = await BerthsFixture.open(2);
  const { bots } = fixture;
  const [, standby] = await openTwo(fixture);
  const { _id: _, custom, ...document } = bots.document("s", {});
  const body = {
    ...document,
    config: { schedule: "0 0 1 1 *" },
    custom: { ...custom, filePath: "schedule/1" },
  };
  await standby.client.call("putSchedule", { params: { id: document.id }, body });
  const run = () =>
    standby.client.call("runSchedule", { params: { id: document.id } }, {
      headers: { "idempotency-key": "once" },
    });
  const first = await run();
  assert.deepEqual(await run(), first);
  await until("the end of the run", async () => {
    const { state } = await standby.client.call("getRun", { params: { runId: first.id } });
    return state === "succeeded";
  });
  assert.equal((await bots.runs.list(document.id)).length, 1);
});

Deno.test("events come through a Berth that stands by, until the leader dies; then it leads itself", async () => {
  await using fixture = await BerthsFixture.open(2);
  const { bots } = fixture;
  const [leader, standby] = await openTwo(fixture);
  using remote = await remoteOf(standby, "watcher");
  const id = bots.id("a");
  const stream = await remote.request("streamEvents", { query: {} });
  assert.equal(stream.headers.get("berth-leader"), leader.url);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { type } of readEvents(stream)) seen.push(type);
  })();
  // It may break while the leader is still on its way out.
  const ended = reading.catch(() => {});
  await standby.client.call("restartBot", { params: { id } });
  await until("the events of the restart", () => seen.includes("stopped") && seen.includes("started"));

  await leader.kill();
  await ended;
  await assert.rejects(remote.call("restartBot", { params: { id } }), (error: ApiError) => {
    assert.deepEqual([error.status, error.code], [503, "leader/unreachable"]);
    assert.match(error.message, /does not answer at http.*another Berth leads soon/s);
    return true;
  });
  await assert.rejects(remote.call("getBotGuards", { params: { id } }), { code: "leader/unreachable" });
  const { bots: known, trouble } = await remote.call("listBots", { query: { limit: 1000 } });
  const own = known.filter((bot) => bot.id.startsWith(bots.id("")));
  assert.deepEqual(own.map((bot) => bot.id), [id], "the documents are known all the same");
  assert.match(trouble!, /^The leader, instance .*, does not answer at http/);

  await leadersOf([standby]);
  await until("the condition of the bot", async () => {
    const { condition } = await remote.call("getBot", { params: { id } });
    return condition === "running";
  });
  const [before] = await bots.containers();
  await remote.call("restartBot", { params: { id } });
  await until("the restart", async () => (await bots.containers()).every((one) => one.id !== before!.id));
  await untilRunning(bots, { a: undefined });
});

Deno.test("a request is passed on once, also if a leader has registered the address of another Berth", async () => {
  await using fixture = await BerthsFixture.open(3);
  const { bots } = fixture;
  const leader = fixture.start({ ADVERTISE_URL: fixture.urls[2]! });
  await leadersOf([leader]);
  const [one, two] = [fixture.start(), fixture.start()];
  for (const each of [one, two]) await each.logged(/standing by/);
  await putBot(leader, fixture, "a");
  await untilRunning(bots, { a: undefined });
  const restart = { params: { id: bots.id("a") } };
  await assert.rejects(one.client.call("restartBot", restart), { status: 503, code: "leader/moved" });
  const { trouble } = await one.client.call("listBots", { query: {} });
  assert.match(trouble!, /it waits for the right to serve/);
  // It takes the address for its own.
  await assert.rejects(two.client.call("restartBot", restart), { status: 409, code: "bot/not-served" });
});

Deno.test("Berths with a certificate of an authority of one's own reach each other by their names", async () => {
  await using fixture = await BerthsFixture.open(2);
  const [cert, key] = [`${fixture.bots.env.HOME}/cert.pem`, `${fixture.bots.env.HOME}/key.pem`];
  const settings = `${fixture.bots.env.HOME}/openssl.cnf`;
  await Deno.writeTextFile(
    settings,
    "[req]\ndistinguished_name = name\nx509_extensions = all\n[name]\n[all]\n" +
      "basicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost\n",
  );
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-config", settings, "-newkey", "rsa:2048", "-nodes", "-days", "2"]
      .concat("-subj", "/CN=localhost", "-keyout", key, "-out", cert),
    stderr: "null",
  }).output();
  assert.ok(made.success, "openssl makes no certificate");
  const urls = fixture.urls.map((url) => `https://localhost:${new URL(url).port}`);
  const common = { BERTH_URLS: urls.join(","), HTTP_TLS_CERT: cert, HTTP_TLS_KEY: key };
  const leader = fixture.start({ ...common, BERTH_CA: cert, ADVERTISE_URL: urls[0]! });
  await leadersOf([leader]);
  const standby = fixture.start({ ...common, BERTH_CA: cert, ADVERTISE_URL: urls[1]! });
  const stranger = fixture.start({ ...common, HTTP_ADDR: "off" });
  for (const each of [standby, stranger]) await each.logged(/standing by/);
  await putBot(leader, fixture, "a");
  await untilRunning(fixture.bots, { a: undefined });
  let seen: unknown;
  await until("the other one says that the bot runs", async () => {
    const { bots, trouble } = await standby.client.call("listBots", { query: {} });
    assert.equal(trouble, undefined);
    seen = bots;
    return bots[0]?.state === "running";
  }).catch((error) => {
    const logs = [leader, standby].map(({ lines }) => lines.join("\n"));
    throw new Error([error.message, JSON.stringify(seen), ...logs].join("\n\n"));
  });
  const { trouble } = await stranger.client.call("listBots", { query: {} });
  assert.match(trouble!, /does not answer at https:.*invalid peer certificate/, "without the authority");
});
