import assert from "node:assert/strict";
import { EXIT } from "../../cli/context.ts";
import { BotFixture, untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { pause } from "../support/until.ts";

/** The store is new: a bot without a document is stopped once three full reads agree. */
const QUICK = { RECONCILE_INTERVAL: "2" };

/** In its grace period for longer than the end of Berth takes. */
const SLOW = { stops_for: 20, berth: { stop_grace_seconds: 60 } };

Deno.test("BotService ends while a bot is in its grace period, and its successor finds it stopped", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, container, id } = fixture;
  const berth = start();
  await publish("created", document("slow", SLOW));
  await publish("created", document("other"));
  await untilPrinted(fixture, await untilRunning(fixture, { slow: SLOW, other: {} }));
  const before = await container("other");
  await publish("deleted", { id: id("slow") });
  await berth.logged(/bot stopping/);
  const begin = performance.now();
  berth.signal("SIGTERM");
  const { code } = await berth.status;
  const tookMs = performance.now() - begin;
  assert.equal(code, EXIT.ok, berth.lines.join("\n"));
  // The bot alone would have taken longer.
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  console.log(`ended after ${Math.round(tookMs)} ms`);
  assert.ok((await container("slow"))?.running, "the bot is left its time");
  start(QUICK);
  await untilRunning(fixture, { other: {} });
  assert.equal((await container("other"))?.pid, before?.pid);
});

Deno.test("BotService exits at once on a second signal", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, id } = fixture;
  const berth = start();
  await publish("created", document("slow", SLOW));
  await untilPrinted(fixture, await untilRunning(fixture, { slow: SLOW }));
  await publish("deleted", { id: id("slow") });
  await berth.logged(/bot stopping/);
  berth.signal("SIGTERM");
  await berth.logged(/service stopping/);
  await pause(300, "sooner, it would be the same press of Ctrl-C");
  berth.signal("SIGTERM");
  const begin = performance.now();
  const { code } = await berth.status;
  assert.equal(code, EXIT.interrupted);
  assert.ok(performance.now() - begin < 8_000);
  start(QUICK);
  await untilRunning(fixture, {});
});
