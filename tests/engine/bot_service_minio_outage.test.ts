import assert from "node:assert/strict";
import { BotFixture, untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { pause, until } from "../support/until.ts";

Deno.test("BotService goes on while MinIO is down: bots run, stops are done, starts wait", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, id, start, code, proxies: { minio } } = fixture;
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  for (const name of ["one", "two", "three"]) await publish("created", document(name));
  const before = await untilRunning(fixture, { one: {}, two: {}, three: {} });
  // A container that has printed nothing has nothing to wait for.
  await untilPrinted(fixture, before);
  await code.put("bot/2", { "main.py": "import time\ndef main(id, config):\n    time.sleep(1e6)\n" });

  await minio.cut();
  const late = document("late");
  late.custom.filePath = "bot/2";
  await publish("created", late);
  await publish("updated", document("one", { enabled: false }));
  await publish("deleted", { id: id("two") });
  // Their logs are not stored yet: until they are, the containers stay.
  const running = async () => (await fixture.containers()).filter(({ running }) => running);
  await until("the end of one and two", async () => (await running()).length === 1);
  await berth.logged(
    new RegExp(
      `bot needs attention id=${
        id("one")
      } .*waiting for its last log lines to be stored before its container`,
    ),
  );
  const pidOf = (containers: typeof before) => containers.find(({ bot }) => bot === id("three"))?.pid;
  assert.equal(pidOf(await running()), pidOf(before));
  await berth.logged(new RegExp(`bot needs attention id=${id("late")} .*waiting for the object store`));
  // However many tries there were, it is told once.
  await pause(6_000, "it is tried again meanwhile");
  const told = berth.lines.filter((line) => line.includes(`bot needs attention id=${id("late")} `));
  assert.equal(told.length, 1, told.join("\n"));
  assert.equal(pidOf(await running()), pidOf(before));

  await minio.open();
  await untilRunning(fixture, { three: {}, late: {} });
  // Those that waited are gone, and what they printed is not.
  assert.deepEqual(await Promise.all(["one", "two"].map(fixture.storedTexts)), [["runs"], ["runs"]]);
});
