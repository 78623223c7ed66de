import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { pause } from "../support/until.ts";

const OUTAGE_MS = fullOrShort(60_000, 8_000);

Deno.test("BotService stops nothing while MongoDB is down, and catches up soon after its return", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, publish, id, start, documents, proxies: { mongo } } = fixture;
  const names = Array.from({ length: 12 }, (_, index) => `bot-${index}`);
  for (const name of names) await write(document(name));
  await using berth = start();
  const before = await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, {}])));

  await mongo.cut();
  const end = performance.now() + OUTAGE_MS;
  // Written by somebody who reaches the database, and published to Berth, which does not.
  await documents.updateOne({ id: id("bot-0") }, { $set: { config: { enabled: false } } });
  await write(document("bot-1", { changed: true }));
  await write(document("new"));
  await publish("updated", document("bot-2", { told: true }));
  await publish("deleted", { id: id("bot-3") });
  await berth.logged(/waiting for=.*MongoDB|not applied/);
  while (performance.now() < end) {
    const now = await fixture.containers();
    const pids = (containers: typeof now) => containers.map(({ bot, pid }) => `${bot} ${pid}`).sort();
    assert.deepEqual(pids(now), pids(before));
    await pause(500, "the outage goes on");
  }

  await mongo.open();
  const back = performance.now();
  const rest = Object.fromEntries(names.slice(4).map((name) => [name, {}]));
  const after = await untilRunning(fixture, {
    ...rest,
    "bot-1": { changed: true },
    "bot-2": { told: true },
    new: {},
  });
  console.log(
    `MongoDB away for ${OUTAGE_MS} ms; caught up after ${Math.round(performance.now() - back)} ms`,
  );
  for (const { bot, pid } of after) {
    const same = before.find((one) => one.bot === bot);
    if (Object.keys(rest).map(id).includes(bot)) assert.equal(pid, same?.pid, bot);
  }
  await berth.logged(/all services reachable again/);
});
