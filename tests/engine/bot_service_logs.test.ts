import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

Deno.test("BotService stores a bot's log as often as its document says, and the others' as often as is configured", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, storedTexts } = fixture;
  const berth = start({ LOG_INTERVAL: "3600" });
  const bots = { often: { berth: { log_interval_seconds: 1 } }, seldom: {} };
  for (const [name, config] of Object.entries(bots)) await publish("created", document(name, config));
  await untilRunning(fixture, { often: {}, seldom: {} });
  await until("the first line's being stored", async () => (await storedTexts("often")).length > 0);
  assert.deepEqual([await storedTexts("often"), await storedTexts("seldom")], [["runs"], []]);

  // The container carries the settings of the document: a service that takes it over knows them at once.
  await berth.kill();
  await using _next = start({ LOG_INTERVAL: "3600" });
  await publish("updated", document("seldom", { enabled: false }));
  await until("the other's last line", async () => (await storedTexts("seldom")).length > 0);
  assert.deepEqual([await storedTexts("often"), await storedTexts("seldom")], [["runs"], ["runs"]]);
});
