import assert from "node:assert/strict";
import { type BotStage, untilRunning, withBots } from "../support/fixtures/bot_stage.ts";

async function followEverything(stage: BotStage): Promise<void> {
  const { document, write, publish, id, documents } = stage;
  await untilRunning(stage, { there: {} });
  await publish("created", document("new", { a: 1 }));
  await untilRunning(stage, { there: {}, new: { a: 1 } });
  // Wrapped, as some publishers do.
  await publish("updated", { type: "bot.updated", entity_id: id("new"), data: document("new", { a: 2 }) });
  await untilRunning(stage, { there: {}, new: { a: 2 } });
  await publish("updated", document("there", { enabled: false }));
  await untilRunning(stage, { new: { a: 2 } });
  assert.deepEqual((await documents.findOne({ id: id("there") }))?.config, { enabled: false });
  await publish("deleted", { id: id("new") });
  await untilRunning(stage, {});
  assert.equal(await documents.findOne({ id: id("new") }), null);
  await write(document("there"));
}

Deno.test("BotService follows documents and events with MongoDB, NATS and MinIO together", () =>
  withBots(async (stage) => {
    await stage.write(stage.document("there"));
    await using berth = stage.start();
    await followEverything(stage);
    assert.ok(!berth.lines.some((line) => / (warning|error) /.test(line)), berth.lines.join("\n"));
  }));

Deno.test("BotService follows events also where there is no stream, and says so once", () =>
  withBots(async (stage) => {
    await stage.write(stage.document("there"));
    await using berth = stage.start();
    await berth.logged(/without a stream/);
    await followEverything(stage);
    assert.equal(
      berth.lines.filter((line) => / (warning|error) /.test(line)).length,
      1,
      berth.lines.join("\n"),
    );
  }, { stream: false }));

Deno.test("BotService finds what was changed without an event within an interval", () =>
  withBots(async (stage) => {
    const { document, write, documents, id } = stage;
    await using _berth = stage.start({ RECONCILE_INTERVAL: "1", NATS_URL: "" });
    await write(document("one"));
    await untilRunning(stage, { one: {} });
    await write(document("one", { a: 1 }));
    await untilRunning(stage, { one: { a: 1 } });
    await documents.deleteOne({ id: id("one") });
    await untilRunning(stage, {});
  }));
