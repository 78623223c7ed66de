import assert from "node:assert/strict";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { KillAtStep } from "../support/processes/kill_at_step.ts";
import { until } from "../support/until.ts";

/** How many times Berth is killed. */
const KILLS = fullOrShort(60, 4);
/** The short form goes through the same steps in larger strides. */
const STRIDE = fullOrShort(1, 9);

const GUARD = { name: "equity", metric: "equity", field: "value", when: "below", limit: 10, action: "stop" };

Deno.test("Berth is killed at each step of a start and a trip, and the guard holds the bot", async () => {
  await using fixture = await BotFixture.open();
  const { start, containers, document, publish, id } = fixture;
  let berth = start();
  await berth.logged(/Events come from the stream/);
  let kills = 0;
  for (let round = 1, step = 1; kills < KILLS; round++) {
    let isKilled = false;
    berth.status.then(() => isKilled = true);
    using watch = new KillAtStep(fixture, berth, step);
    const bot = `bot-${round}`;
    const prints = ['{"_metric":"equity","value":8}'];
    await publish("created", document(bot, { prints, berth: { guards: [GUARD] } }));
    const isHeld = (lines: readonly string[]) =>
      lines.some((line) => line.includes(id(bot)) && line.includes("latched"));
    const isGone = async () => !(await containers()).some((one) => one.bot === id(bot));
    await until(
      "its end or that of the trip",
      async () => isKilled || (watch.isQuiet && isHeld(berth.lines) && await isGone()),
    );
    if (isKilled) {
      kills++;
      step += STRIDE;
      berth = start();
      await until("the successor holds the bot", async () => isHeld(berth.lines) && await isGone());
    } else step = 1 + kills % STRIDE;
    await publish("deleted", { id: id(bot) });
  }
  assert.deepEqual(await containers(), []);
  await berth[Symbol.asyncDispose]();
  console.log(`${kills} kills`);
});
