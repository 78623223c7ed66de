import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { until } from "../support/until.ts";

const STARTS = fullOrShort(5, 4);

Deno.test("BotService starts a bot that crashes later and later, through deaths of its own, and delays no other", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, container } = fixture;
  let berth = start();
  await publish("created", document("crash", { crash: true }));
  const starts: number[] = [];
  for (let attempt = 1; attempt <= STARTS; attempt++) {
    await until(`start ${attempt}`, async () => {
      const now = await container("crash");
      return now?.attempt === attempt && !now.running && now.startedAt.getTime() > 0;
    }, 60_000);
    starts.push((await container("crash"))!.startedAt.getTime());
    if (attempt === STARTS) break;
    await berth.logged(
      new RegExp(`backing off until .*exit code 3, next is start ${attempt + 1} in a row`),
    );
    // Another process goes on counting where this one was.
    if (attempt % 2 === 0) {
      await berth.kill();
      berth = start();
    }
    await publish("created", document(`other-${attempt}`));
    await until(
      "the start of another",
      async () => (await container(`other-${attempt}`))?.running === true,
    );
    await publish("deleted", { id: fixture.id(`other-${attempt}`) });
  }
  const gaps = starts.slice(1).map((time, index) => time - starts[index]!);
  console.log(`gaps between starts: ${gaps.join(", ")} ms`);
  for (const [index, gap] of gaps.entries()) assert.ok(gap >= 1000 * 2 ** index, `gaps ${gaps}`);
  await publish("deleted", { id: fixture.id("crash") });
  await untilRunning(fixture, {});
  await berth[Symbol.asyncDispose]();
});
