import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { warningsOf } from "../support/processes/berth_process.ts";

async function followEverything(fixture: BotFixture): Promise<void> {
  const { document, write, publish, id, documents } = fixture;
  await untilRunning(fixture, { there: {} });
  await publish("created", document("new", { a: 1 }));
  await untilRunning(fixture, { there: {}, new: { a: 1 } });
  // Wrapped, as some publishers do.
  await publish("updated", { type: "bot.updated", entity_id: id("new"), data: document("new", { a: 2 }) });
  await untilRunning(fixture, { there: {}, new: { a: 2 } });
  await publish("updated", document("there", { enabled: false }));
  await untilRunning(fixture, { new: { a: 2 } });
  assert.deepEqual((await documents.findOne({ id: id("there") }))?.config, { enabled: false });
  await publish("deleted", { id: id("new") });
  await untilRunning(fixture, {});
  assert.equal(await documents.findOne({ id: id("new") }), null);
  await write(document("there"));
}

Deno.test("BotService follows documents and events with MongoDB, NATS and MinIO together", async () => {
  await using fixture = await BotFixture.open();
  await fixture.write(fixture.document("there"));
  await using berth = fixture.start();
  await followEverything(fixture);
  assert.deepEqual(warningsOf(berth), [], berth.lines.join("\n"));
});

Deno.test("BotService follows events also where there is no stream, and says so once", async () => {
  await using fixture = await BotFixture.open({ stream: false });
  await fixture.write(fixture.document("there"));
  await using berth = fixture.start();
  await berth.logged(/without a stream/);
  await followEverything(fixture);
  assert.equal(warningsOf(berth).length, 1, berth.lines.join("\n"));
});

Deno.test("BotService finds what was changed without an event within an interval", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, documents, id } = fixture;
  await using _berth = fixture.start({ RECONCILE_INTERVAL: "1", NATS_URL: "" });
  await write(document("one"));
  await untilRunning(fixture, { one: {} });
  await write(document("one", { a: 1 }));
  await untilRunning(fixture, { one: { a: 1 } });
  await documents.deleteOne({ id: id("one") });
  await untilRunning(fixture, {});
});
