import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

/** A document of a version of the code, of a given age. */
function version({ document }: BotFixture, name: string, seconds: number, config: Record<string, unknown>) {
  const one = document(name, config);
  one.custom.updatedAt = new Date(seconds * 1000).toISOString();
  return one;
}

Deno.test("BotService without a stream applies what comes last, an earlier version of the code too", async () => {
  await using fixture = await BotFixture.open({ stream: false });
  const { publish, start, id, documents } = fixture;
  await using berth = start();
  await berth.logged(/without a stream/);
  await publish("created", version(fixture, "one", 10, { step: 1 }));
  await publish("updated", version(fixture, "one", 30, { step: 2 }));
  await untilRunning(fixture, { one: { step: 2 } });
  await publish("updated", version(fixture, "one", 20, { step: 3 }));
  await untilRunning(fixture, { one: { step: 3 } });
  await publish("updated", version(fixture, "one", 20, { step: 4 }));
  await publish("created", version(fixture, "one", 40, { step: 5 }));
  await publish("created", version(fixture, "gone", 10, {}));
  await publish("deleted", { id: id("gone") });
  await publish("created", version(fixture, "end", 1, { step: 6 }));
  await untilRunning(fixture, { one: { step: 4 }, end: { step: 6 } });
  // Events of different bots may be applied at the same time.
  await until("it is gone", async () => await documents.countDocuments({ id: id("gone") }) === 0);
  await berth.logged(/event not applied.*already exists/);
});

Deno.test("BotService with a stream keeps the newest state when events are given again in the wrong order", async () => {
  await using fixture = await BotFixture.open();
  const { publish, start, id, documents, document, proxies, env } = fixture;
  // The driver gives up after half a second, so that each event is refused many times while the test runs.
  const uri = new URL(env.MONGO_URI!);
  uri.searchParams.set("serverSelectionTimeoutMS", "500");
  await using berth = start({ MONGO_URI: uri.href });
  await publish("created", document("first"));
  await untilRunning(fixture, { first: {} });
  await proxies.mongo.cut();
  // Each is refused for now, and given again after a wait of its own.
  for (let version = 1; version <= 8; version++) await publish("updated", document("one", { version }));
  await publish("created", document("gone"));
  await publish("deleted", { id: id("gone") });
  await berth.logged(/An event was not applied/);
  await until("refusals", () => berth.lines.filter((line) => line.includes("not applied")).length >= 6);
  await proxies.mongo.open();
  await untilRunning(fixture, { first: {}, one: { version: 8 } });
  await publish("created", document("end"));
  await untilRunning(fixture, { first: {}, one: { version: 8 }, end: {} });
  await until(
    "the end of the deleted one",
    async () => await documents.countDocuments({ id: id("gone") }) === 0,
  );
  assert.deepEqual((await documents.findOne({ id: id("one") }))?.config, { version: 8 });
});
