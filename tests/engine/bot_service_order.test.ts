import assert from "node:assert/strict";
import { type BotStage, untilRunning, withBots } from "../support/fixtures/bot_stage.ts";
import { until } from "../support/until.ts";

/** A document of a version of the code, which is as old as is said. */
function version({ document }: BotStage, name: string, seconds: number, config: Record<string, unknown>) {
  const one = document(name, config);
  one.custom.updatedAt = new Date(seconds * 1000).toISOString();
  return one;
}

Deno.test("BotService without a stream applies what comes last, an earlier version of the code too", () =>
  withBots(async (stage) => {
    const { publish, start, id, documents } = stage;
    await using berth = start();
    await berth.logged(/without a stream/);
    await publish("created", version(stage, "one", 10, { step: 1 }));
    await publish("updated", version(stage, "one", 30, { step: 2 }));
    await untilRunning(stage, { one: { step: 2 } });
    await publish("updated", version(stage, "one", 20, { step: 3 }));
    await untilRunning(stage, { one: { step: 3 } });
    await publish("updated", version(stage, "one", 20, { step: 4 }));
    await publish("created", version(stage, "one", 40, { step: 5 }));
    await publish("created", version(stage, "gone", 10, {}));
    await publish("deleted", { id: id("gone") });
    await publish("created", version(stage, "end", 1, { step: 6 }));
    await untilRunning(stage, { one: { step: 4 }, end: { step: 6 } });
    assert.equal(await documents.countDocuments({ id: id("gone") }), 0);
    await berth.logged(/event not applied.*already exists/);
  }, { stream: false }));

Deno.test("BotService with a stream keeps the newest state when events are given again in the wrong order", () =>
  withBots(async (stage) => {
    const { publish, start, id, documents, document, proxies, env } = stage;
    // The driver gives up after half a second, so that each event is refused many times while the test runs.
    const uri = new URL(env.MONGO_URI!);
    uri.searchParams.set("serverSelectionTimeoutMS", "500");
    await using berth = start({ MONGO_URI: uri.href });
    await publish("created", document("first"));
    await untilRunning(stage, { first: {} });
    await proxies.mongo.cut();
    // Each is refused for now, and given again after a wait of its own.
    for (let version = 1; version <= 8; version++) await publish("updated", document("one", { version }));
    await publish("created", document("gone"));
    await publish("deleted", { id: id("gone") });
    await berth.logged(/An event was not applied/);
    await until("refusals", () => berth.lines.filter((line) => line.includes("not applied")).length >= 6);
    await proxies.mongo.open();
    await untilRunning(stage, { first: {}, one: { version: 8 } });
    await publish("created", document("end"));
    await untilRunning(stage, { first: {}, one: { version: 8 }, end: {} });
    await until(
      "the end of the deleted one",
      async () => await documents.countDocuments({ id: id("gone") }) === 0,
    );
    assert.deepEqual((await documents.findOne({ id: id("one") }))?.config, { version: 8 });
  }));
