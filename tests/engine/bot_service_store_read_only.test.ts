import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { ReadOnlyStore } from "../support/servers/read_only_store.ts";
import { until } from "../support/until.ts";

const LINES = `
import sys
def main(id, config):
    for i in range(5): print("line", i, flush=True)
    if config.get("crash"): sys.exit(3)
    import time
    while True: time.sleep(0.05)
`;

Deno.test("bots start, run and crash while the object store can only be read, and their lines are stored later", async () => {
  await using fixture = await BotFixture.open();
  const { code, document, publish, direct, container, storedTexts } = fixture;
  await using store = new ReadOnlyStore(direct.MINIO_ENDPOINT!);
  const endpoint = await store.open();
  await code.put("bot/1", { "main.py": LINES });
  await using berth = fixture.start({ MINIO_ENDPOINT: endpoint, LOG_INTERVAL: "1", RECONCILE_INTERVAL: "2" });
  await publish("created", document("before"));
  await until("its first lines", async () => (await storedTexts("before")).length === 5);

  store.isReadOnly = true;
  await publish("created", document("steady"));
  await publish("created", document("crashing", { crash: true }));
  await berth.logged(/logs not stored yet .*steady.* these credentials do not allow it/, 60_000);
  await berth.logged(/bot started id=\S*crashing attempt=2/, 60_000);
  await until("the bot that does not crash", async () => (await container("steady"))?.running ?? false);
  assert.ok(store.refused > 0);
  assert.deepEqual(await storedTexts("steady"), []);

  await publish("updated", document("crashing", { crash: false }));
  store.isReadOnly = false;
  await untilRunning(fixture, { before: {}, steady: {}, crashing: { crash: false } }, 90_000);
  await until(
    "the lines of the bot that ran meanwhile",
    async () => (await storedTexts("steady")).length === 5,
  );
  await until("the lines of every start of the one that crashed", async () => {
    const texts = await storedTexts("crashing");
    return texts.length >= 10 && texts.length % 5 === 0;
  });
  assert.deepEqual(await storedTexts("before"), [0, 1, 2, 3, 4].map((each) => `line ${each}`));
});
