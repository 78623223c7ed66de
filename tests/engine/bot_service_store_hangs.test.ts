import assert from "node:assert/strict";
import { type BotStage, untilRunning, withBots } from "../support/fixtures/bot_stage.ts";

/** Prints numbers that grow from start to start, and waits. */
const COUNTER = `
import time
def main(id, config):
    for i in range(5): print(time.time_ns())
    print("ready", flush=True)
    while True: time.sleep(0.05)
`;
import { until } from "../support/until.ts";
/** A bot that crashed the first three times waits 1, 2 and 4 s; its start itself may take some time. */
const MARGIN_MS = 5_000;

async function live({ containers, id }: BotStage, name: string) {
  return (await containers()).find(({ bot, running }) => bot === id(name) && running);
}

/** Waits until a bot runs, and has printed what it prints. */
async function untilReady(stage: BotStage, name: string, limitMs?: number) {
  let found: Awaited<ReturnType<typeof live>>;
  await until(`a live container of ${name}`, async () => {
    found = await live(stage, name);
    const log = found && await stage.docker.getContainer(found.id).logs({ stdout: true });
    return String(log).includes("ready");
  }, limitMs);
  return found!;
}

/** Kills a bot's container as a crash would, and waits for the next. @returns How long that took, in ms. */
async function crash(stage: BotStage, name: string): Promise<number> {
  const { id, attempt } = await untilReady(stage, name);
  const begin = performance.now();
  await stage.docker.getContainer(id).kill({ signal: "SIGKILL" });
  await until(`the next start of ${name}`, async () => {
    const next = await live(stage, name);
    return next !== undefined && next.id !== id && next.attempt > attempt;
  });
  return performance.now() - begin;
}

async function assertStoredInOrder(stage: BotStage, name: string, starts: number): Promise<void> {
  await until("all lines' being stored", async () => {
    const texts = await stage.storedTexts(name);
    return texts.filter((text) => text === "ready").length === starts;
  }, 90_000);
  const texts = await stage.storedTexts(name);
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
      "is away",
      (stage: BotStage) => stage.proxies.minio.cut(),
      (stage: BotStage) => stage.proxies.minio.open(),
    ],
    [
      "hangs",
      (stage: BotStage) => stage.proxies.minio.freeze(),
      (stage: BotStage) => stage.proxies.minio.thaw(),
    ],
  ] as const
) {
  Deno.test(`a bot that crashes while the object store ${how} is started again in time, and none of its lines is lost`, () =>
    withBots(async (stage) => {
      const { code, publish, document, containers, id } = stage;
      await code.put("bot/1", { "main.py": COUNTER });
      const berth = stage.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
      await publish("created", document("one"));
      await untilReady(stage, "one");

      await begin(stage);
      for (const backoffMs of [1_000, 2_000, 4_000]) {
        const tookMs = await crash(stage, "one");
        assert.ok(tookMs < backoffMs + MARGIN_MS, `${tookMs} ms for a wait of ${backoffMs} ms`);
      }
      await berth.logged(/logs not stored yet/, 30_000);
      await berth.logged(/exited container waits until its last lines are stored/);
      assert.equal((await containers()).length, 4, "three wait beside the one that runs");
      // The next process finds them.
      await berth.kill();
      await using _next = stage.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
      const { pid } = await untilReady(stage, "one");

      await end(stage);
      await assertStoredInOrder(stage, "one", 4);
      await untilRunning(stage, { one: {} });
      assert.equal((await live(stage, "one"))?.pid, pid, id("one"));
    }));
}

Deno.test("a bot that crashes while the database hangs is started again in time, and one that is disabled meanwhile is stopped", () =>
  withBots(async (stage) => {
    const { code, publish, document, documents, proxies: { mongo, minio }, id } = stage;
    await code.put("bot/1", { "main.py": COUNTER });
    await using berth = stage.start({ RECONCILE_INTERVAL: "2", LOG_INTERVAL: "1" });
    await publish("created", document("one"));
    await untilReady(stage, "one");

    mongo.freeze();
    minio.freeze();
    for (const backoffMs of [1_000, 2_000]) {
      const tookMs = await crash(stage, "one");
      assert.ok(tookMs < backoffMs + MARGIN_MS, `${tookMs} ms for a wait of ${backoffMs} ms`);
    }
    await berth.logged(/database does not answer: using the last known document/);
    await documents.updateOne({ id: id("one") }, { $set: { config: { enabled: false } } });
    const { pid } = await untilReady(stage, "one");
    assert.equal((await live(stage, "one"))?.pid, pid);

    mongo.thaw();
    minio.thaw();
    await until("its end", async () => await live(stage, "one") === undefined, 90_000);
    await assertStoredInOrder(stage, "one", 3);
    await untilRunning(stage, {});
  }));
