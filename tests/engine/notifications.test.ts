import assert from "node:assert/strict";
import { servicePermissions } from "../../cli/commands/permissions_command.ts";
import { parseServiceConfig } from "../../services/config.ts";
import { notificationReach } from "../../services/notification_reach.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../services/sqlite/sqlite_document_repository.ts";
import { SqliteRecordStore } from "../../services/sqlite/sqlite_record_store.ts";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type BerthProcess, startBerth } from "../support/processes/berth_process.ts";
import { Receiver } from "../support/servers/receiver.ts";
import { pause, until } from "../support/until.ts";

/** Writes the file of channels, and starts Berth with the permissions that it asks for. */
async function startTelling(
  { env }: EmbeddedFixture,
  channels: string,
  more: Record<string, string> = {},
): Promise<BerthProcess> {
  const all = { ...env, ...more };
  await Deno.writeTextFile(`${env.DATA_DIR}/channels.yaml`, channels);
  const config = parseServiceConfig(all);
  return startBerth(all, servicePermissions(config, await notificationReach(config)));
}

const CRASHER = { crash: true };

Deno.test("a crash loop is told once, an alert finds a line, and a disabled bot says nothing more", async () => {
  await using receiver = Receiver.open();
  await using heart = Receiver.open();
  await using fixture = await EmbeddedFixture.open();
  const { write, id } = fixture;
  await write("one", CRASHER);
  const channels = `channels:
- { name: hook, type: webhook, url: '${receiver.url}' }
- { name: wrong, type: pager }
alerts:
- { name: began, pattern: "^runs$" }
`;
  await using berth = await startTelling(fixture, channels, { HEARTBEAT_URL: heart.url, LOG_INTERVAL: "1" });
  await berth.logged(/channels file has a mistake.*line 3: channels\[1\]\.type/);
  const told = () => receiver.requests.map(({ json }) => `${json.data.kind} ${json.data.state}`);
  await until("both", () => told().length === 2);
  assert.deepEqual(told().sort(), ["bot.crash_loop opened", "log.pattern happened"]);
  const loop = receiver.requests.find(({ json }) => json.type === "bot.crash_loop")!.json.data;
  assert.equal(loop.bot, id("one"));
  assert.match(loop.text, /ended 3 times in a row, the last time with exit code 3/);
  assert.equal(heart.requests.length, 1);
  await write("one", { ...CRASHER, enabled: false });
  await until("the end of its container", async () => (await fixture.containers()).length === 0);
  await write("two");
  await berth.logged(/bot started/);
  assert.equal(told().length, 2);
});

Deno.test("each change arrives once, with the receiver down for a while and Berth killed again and again", async () => {
  const BOT_NAMES = Array.from({ length: fullOrShort(20, 5) }, (_, n) => `bot-${n}`);
  const ROUNDS = fullOrShort(5, 2);
  const KILLS_A_PHASE = fullOrShort(2, 1);
  const DOWN_MS = fullOrShort(60_000, 5_000);
  await using receiver = Receiver.open();
  await using fixture = await EmbeddedFixture.open();
  const { write, id, env } = fixture;
  for (const name of BOT_NAMES) await write(name);
  using database = connectSqlite(`${env.DATA_DIR}/berth.sqlite`);
  const documents = new SqliteDocumentRepository(database, BOTS);
  const records = new SqliteRecordStore(database);
  await documents.open();
  const channels = `channels:\n- { name: hook, type: webhook, url: '${receiver.url}' }\n`;
  let berth = await startTelling(fixture, channels);
  const end = async () => {
    berth.signal("SIGTERM");
    await berth.status;
  };
  await using _ended = { [Symbol.asyncDispose]: end };
  await until(
    "all bots",
    async () => (await fixture.containers()).filter(({ running }) => running).length === BOT_NAMES.length,
  );
  let kills = 0;
  /** Kills Berth while it does its work, then lets the next one finish. */
  const underKills = async (what: string, isDone: () => Promise<boolean>) => {
    for (let n = 0; n < KILLS_A_PHASE; n++) {
      await pause(Math.random() * 1500, "the kill comes at any moment of the work");
      await berth.kill();
      kills++;
      berth = await startTelling(fixture, channels);
    }
    await until(what, isDone, 120_000);
  };
  const openCount = async () => (await records.list("incidents", { limit: 1000 })).length;
  let back: Promise<void> = Promise.resolve();
  for (let round = 0; round < ROUNDS; round++) {
    if (round === 1) {
      await receiver.goDown();
      back = pause(DOWN_MS, "the receiver is down this long").then(() => receiver.comeBack());
    }
    for (const name of BOT_NAMES) {
      const document = {
        id: id(name),
        segment_id: 0,
        config: {},
        custom: { version: "1", config: { runtime: "python3.11", entrypoints: { bot: "main.py" } } },
      };
      await documents.apply({ type: "updated", id: id(name), document, order: {} });
    }
    await underKills("all are open", async () => await openCount() === BOT_NAMES.length);
    for (const name of BOT_NAMES) await write(name);
    await underKills("all have recovered", async () => await openCount() === 0);
  }
  await back;
  await until("an empty outbox", async () => (await records.list("outbox")).length === 0, 120_000);
  const changes = 2 * ROUNDS * BOT_NAMES.length;
  const byId = Map.groupBy(receiver.requests, ({ json }) => json.data.id as string);
  const states = [...byId.values()].map((requests) => {
    const { bot, kind, state } = requests[0]!.json.data;
    return `${bot} ${kind} ${state}`;
  });
  const expected = BOT_NAMES.flatMap((name) =>
    Array.from(
      { length: ROUNDS },
      () => ["opened", "recovered"].map((state) => `${id(name)} bot.invalid ${state}`),
    ).flat()
  );
  assert.deepEqual(states.sort(), expected.sort());
  // A request that was taken, and not noted before the kill, comes again with the same id: at most one a kill.
  const again = receiver.requests.length - changes;
  assert.ok(again <= kills, `${again} came again in ${kills} kills`);
});

for (const when of ["while Berth runs", "when it starts"]) {
  Deno.test({
    name: `an outage of the database that begins ${when} is told while it lasts, and its end after it`,
    // The grace period alone takes a minute.
    ignore: fullOrShort(false, true),
    async fn() {
      await using receiver = Receiver.open();
      await using fixture = await BotFixture.open();
      const { document, write, env, proxies } = fixture;
      await write(document("one"));
      await Deno.mkdir(env.DATA_DIR!, { recursive: true, mode: 0o700 });
      const channels = `channels:\n- { name: hook, type: webhook, url: '${receiver.url}' }\n`;
      await Deno.writeTextFile(`${env.DATA_DIR}/channels.yaml`, channels);
      const config = parseServiceConfig(env);
      const isAtStart = when === "when it starts";
      if (isAtStart) await proxies.mongo.cut();
      await using berth = fixture.start({}, servicePermissions(config, await notificationReach(config)));
      if (!isAtStart) {
        await berth.logged(/bot started/);
        await proxies.mongo.cut();
      }
      const told = () => receiver.requests.map(({ json }) => `${json.data.kind} ${json.data.state}`);
      await until("the beginning", () => told().length > 0, 180_000);
      assert.deepEqual(told(), ["store.unreachable opened"]);
      await proxies.mongo.open();
      await until("the end", () => told().length > 1, 120_000);
      assert.deepEqual(told(), ["store.unreachable opened", "store.unreachable recovered"]);
    },
  });
}
