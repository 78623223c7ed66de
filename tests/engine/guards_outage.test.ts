/** A guard trips while the database is down, and Berth is killed before the database is back. */

import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

const GUARD = {
  name: "equity",
  metric: "equity",
  field: "value",
  when: "below",
  limit: 10,
  on_missing: { after_seconds: 4, action: "stop" },
};

Deno.test("a latch that the database never got holds the bot after a kill of Berth", async () => {
  await using fixture = await BotFixture.open();
  const { write, document, start, containers, env, proxies: { mongo } } = fixture;
  const config = { berth: { guards: [GUARD] } };
  await write(document("one", config));
  const file = `${env.DATA_DIR}/unstored-latches-${env.BERTH_INSTANCE}.json`;
  await using before = start();
  await untilRunning(fixture, { one: config });
  await mongo.cut();
  await until("the bot is stopped", async () => (await containers()).length === 0);
  await before.kill();
  assert.match(await Deno.readTextFile(file), /no number of equity\.value for 4 s/);
  await mongo.open();
  await using after = start();
  await after.logged(/needs attention.*latched/);
  await until("the database has it", () => Deno.stat(file).then(() => false, () => true));
  assert.deepEqual(await containers(), []);
  assert.ok(!after.lines.some((line) => line.includes("bot started")), after.lines.join("\n"));
});
