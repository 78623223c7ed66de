import assert from "node:assert/strict";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { KillAtStep } from "../support/processes/kill_at_step.ts";
import { until } from "../support/until.ts";

/** How many times Berth is killed. */
const KILLS = fullOrShort(60, 4);
/** The short form goes through the same steps in larger strides. */
const STRIDE = fullOrShort(1, 9);

const GUARD = { name: "equity", metric: "equity", field: "value", when: "below", limit: 10, action: "stop" };
const CONFIG = { prints: ['{"_metric":"equity","value":8}'], berth: { guards: [GUARD] } };

/** Whether Berth has said that a bot is held, and nothing is left of its container. */
async function isHeld(
  { containers, id }: BotFixture,
  { lines }: BerthProcess,
  bot: string,
): Promise<boolean> {
  return lines.some((line) => line.includes(id(bot)) && line.includes("latched")) &&
    !(await containers()).some((one) => one.bot === id(bot));
}

/** Starts a bot and trips its guard, while Berth is killed at a step of that. @returns Whether it came to that step. */
async function isKilledWhile(
  fixture: BotFixture,
  berth: BerthProcess,
  bot: string,
  step: number,
): Promise<boolean> {
  let isKilled = false;
  berth.status.then(() => isKilled = true);
  using watch = new KillAtStep(fixture, berth, step);
  await fixture.publish("created", fixture.document(bot, CONFIG));
  await until(
    "its end or that of the trip",
    async () => isKilled || (watch.isQuiet && await isHeld(fixture, berth, bot)),
  );
  return isKilled;
}

Deno.test("Berth is killed at each step of a start and a trip, and the guard holds the bot", async () => {
  await using fixture = await BotFixture.open();
  const { start, containers, publish, id } = fixture;
  let berth = start();
  await berth.logged(/Events come from the stream/);
  let kills = 0;
  let last = 0;
  for (let round = 1, step = 1; kills < KILLS; round++) {
    const bot = `bot-${round}`;
    if (await isKilledWhile(fixture, berth, bot, step)) {
      kills++;
      last = Math.max(last, step);
      step += STRIDE;
      berth = start();
      await until("the successor holds the bot", () => isHeld(fixture, berth, bot), 60_000).catch((cause) => {
        throw new Error(`killed at step ${last}:\n${berth.lines.join("\n")}`, { cause });
      });
    } else step = 1 + kills % STRIDE;
    await publish("deleted", { id: id(bot) });
  }
  assert.deepEqual(await containers(), []);
  await berth[Symbol.asyncDispose]();
  console.log(`${kills} kills, at up to step ${last}`);
});
