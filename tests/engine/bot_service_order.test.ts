import assert from "node:assert/strict";
import { type BotStage, untilRunning, withBots } from "./bot_stage.ts";
import { until } from "./engine_support.ts";

/** A document as of a time. */
function at({ document }: BotStage, name: string, seconds: number) {
  const one = document(name, { seconds });
  one.custom.updatedAt = new Date(seconds * 1000).toISOString();
  return one;
}

Deno.test("BotService without a stream keeps the newest state when events come twice or in the wrong order", () =>
  withBots(async (stage) => {
    const { publish, start, id, documents } = stage;
    await using berth = start();
    await berth.logged(/without a stream/);
    await publish("created", at(stage, "one", 10));
    await publish("updated", at(stage, "one", 30));
    await publish("updated", at(stage, "one", 20));
    await publish("updated", at(stage, "one", 30));
    await publish("created", at(stage, "one", 10));
    await publish("created", at(stage, "gone", 10));
    await publish("deleted", { id: id("gone") });
    await publish("created", at(stage, "gone", 10));
    await publish("updated", at(stage, "gone", 5));
    await publish("created", at(stage, "end", 1));
    await untilRunning(stage, { one: { seconds: 30 }, end: { seconds: 1 } });
    assert.equal(await documents.countDocuments({ id: id("gone") }), 0);
  }, { stream: false }));

Deno.test("BotService with a stream keeps the newest state when events are given again in the wrong order", () =>
  withBots(async (stage) => {
    const { publish, start, id, documents, document, passages, env } = stage;
    // The driver gives up after half a second, so that each event is refused many times while the test runs.
    const uri = new URL(env.MONGO_URI!);
    uri.searchParams.set("serverSelectionTimeoutMS", "500");
    await using berth = start({ MONGO_URI: uri.href });
    await publish("created", document("first"));
    await untilRunning(stage, { first: {} });
    await passages.mongo.cut();
    // Each is refused for now, and given again after a wait of its own.
    for (let version = 1; version <= 8; version++) await publish("updated", document("one", { version }));
    await publish("created", document("gone"));
    await publish("deleted", { id: id("gone") });
    await berth.logged(/An event was not applied/);
    await until("refusals", () => berth.lines.filter((line) => line.includes("not applied")).length >= 6);
    await passages.mongo.open();
    await untilRunning(stage, { first: {}, one: { version: 8 } });
    await publish("created", document("end"));
    await untilRunning(stage, { first: {}, one: { version: 8 }, end: {} });
    await until(
      "the end of the deleted one",
      async () => await documents.countDocuments({ id: id("gone") }) === 0,
    );
    assert.deepEqual((await documents.findOne({ id: id("one") }))?.config, { version: 8 });
  }));
