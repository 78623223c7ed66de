import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

/** Prints numbers that grow from start to start, and waits. */
const COUNTER = `
import time
def main(id, config):
    for i in range(5): print(time.time_ns())
    print("ready", flush=True)
    while True: time.sleep(0.05)
`;
/** Takes a second to stop. */
const SLOW = `
import time
def on_stop(id, config): time.sleep(1)
def main(id, config):
    print("ready", flush=True)
    while True: time.sleep(0.05)
`;
/**
 * A bot that crashed the first three times waits 1, 2 and 4 s. Its start may take some seconds on a busy machine, but no
 * store may hold it up until a call is given up, which takes 20 s.
 */
const MARGIN_MS = 15_000;

async function live({ containers, id }: BotFixture, name: string) {
  return (await containers()).find(({ bot, running }) => bot === id(name) && running);
}

/** Waits until a bot runs, and has printed what it prints. */
async function untilReady(fixture: BotFixture, name: string, limitMs?: number) {
  let found: Awaited<ReturnType<typeof live>>;
  await until(`a live container of ${name}`, async () => {
    found = await live(fixture, name);
    const log = found && await fixture.docker.getContainer(found.id).logs({ stdout: true });
    return String(log).includes("ready");
  }, limitMs);
  return found!;
}

/** Kills a bot's container as a crash would, and waits for the next. @returns How long that took, in ms. */
async function crash(fixture: BotFixture, name: string): Promise<number> {
  const { id, attempt } = await untilReady(fixture, name);
  const begin = performance.now();
  await fixture.docker.getContainer(id).kill({ signal: "SIGKILL" });
  await until(`the next start of ${name}`, async () => {
    const next = await live(fixture, name);
    return next !== undefined && next.id !== id && next.attempt > attempt;
  });
  return performance.now() - begin;
}

async function assertStoredInOrder(fixture: BotFixture, name: string, starts: number): Promise<void> {
  await until("all lines' being stored", async () => {
    const texts = await fixture.storedTexts(name);
    return texts.filter((text) => text === "ready").length === starts;
  }, 90_000);
  const texts = await fixture.storedTexts(name);
  assert.equal(texts.length, 6 * starts, "each line once");
  const numbers = texts.filter((text) => text !== "ready").map(BigInt);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => (a < b ? -1 : 1)),
    "in the order in which they were printed",
  );
}

for (
  const [how, begin, end] of [
    [
      "is down",
      (fixture: BotFixture) => fixture.proxies.minio.cut(),
      (fixture: BotFixture) => fixture.proxies.minio.open(),
    ],
    [
      "hangs",
      (fixture: BotFixture) => fixture.proxies.minio.freeze(),
      (fixture: BotFixture) => fixture.proxies.minio.thaw(),
    ],
  ] as const
) {
  Deno.test(`a bot that crashes while the object store ${how} is started again in time, and none of its lines is lost`, async () => {
    await using fixture = await BotFixture.open();
    const { code, publish, document, containers, id } = fixture;
    await code.put("bot/1", { "main.py": COUNTER });
    const berth = fixture.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
    await publish("created", document("one"));
    await untilReady(fixture, "one");

    await begin(fixture);
    for (const backoffMs of [1_000, 2_000, 4_000]) {
      const tookMs = await crash(fixture, "one");
      assert.ok(tookMs < backoffMs + MARGIN_MS, `${tookMs} ms for a wait of ${backoffMs} ms`);
    }
    await berth.logged(/logs not stored yet/, 30_000);
    await berth.logged(/exited container waits until its last lines are stored/);
    assert.equal((await containers()).length, 4, "three wait beside the one that runs");
    // The next process finds them.
    await berth.kill();
    await using _next = fixture.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
    const { pid } = await untilReady(fixture, "one");

    await end(fixture);
    await assertStoredInOrder(fixture, "one", 4);
    await untilRunning(fixture, { one: {} });
    assert.equal((await live(fixture, "one"))?.pid, pid, id("one"));
  });
}

Deno.test("the exited container of a replaced bot is removed as soon as a slow object store has its last lines", async () => {
  await using fixture = await BotFixture.open();
  const { code, publish, document, proxies: { minio } } = fixture;
  await code.put("bot/1", { "main.py": SLOW });
  // No pass comes to find it.
  await using berth = fixture.start({ RECONCILE_INTERVAL: "600" });
  await publish("created", document("one"));
  // A bot that has just begun may end at once.
  await untilReady(fixture, "one");
  await publish("updated", document("one", { a: 2 }));
  await berth.logged(/bot stopping/);
  minio.freeze();
  await berth.logged(/exited container waits until its last lines are stored/);
  minio.thaw();
  await untilRunning(fixture, { one: { a: 2 } });
});

Deno.test("a bot that crashes while the database hangs is started again in time, and one that is disabled meanwhile is stopped", async () => {
  await using fixture = await BotFixture.open();
  const { code, publish, document, documents, proxies: { mongo, minio }, id } = fixture;
  await code.put("bot/1", { "main.py": COUNTER });
  await using berth = fixture.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
  await publish("created", document("one"));
  await untilReady(fixture, "one");

  mongo.freeze();
  minio.freeze();
  for (const backoffMs of [1_000, 2_000]) {
    const tookMs = await crash(fixture, "one");
    assert.ok(tookMs < backoffMs + MARGIN_MS, `${tookMs} ms for a wait of ${backoffMs} ms`);
  }
  await berth.logged(/database does not answer: using the last known document/);
  await documents.updateOne({ id: id("one") }, { $set: { config: { enabled: false } } });
  const { pid } = await untilReady(fixture, "one");
  assert.equal((await live(fixture, "one"))?.pid, pid);

  mongo.thaw();
  minio.thaw();
  await until("its end", async () => await live(fixture, "one") === undefined, 90_000);
  await assertStoredInOrder(fixture, "one", 3);
  await untilRunning(fixture, {});
});
