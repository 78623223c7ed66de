import assert from "node:assert/strict";
import { seededRandom } from "../support/seeded_random.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { pause } from "../support/until.ts";

const KILLS = fullOrShort(20, 4);
const BOTS = fullOrShort(20, 6);

Deno.test("BotService is killed at any moment, and its successor takes over every bot as it is", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, start } = fixture;
  const { next: random } = seededRandom(4);
  const names = Array.from({ length: BOTS }, (_, index) => `bot-${index}`);
  const bots: Record<string, Record<string, unknown>> = Object.fromEntries(names.map((name) => [name, {}]));
  for (const name of names) await write(document(name));
  let berth = start();
  const before = await untilRunning(fixture, bots);
  const adoptions: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    // At a moment of its life, or of its start.
    await pause(random() * 200, "it is killed at any moment of its life");
    await berth.kill();
    await write(document("bot-0", { kill: -kill }));
    berth = start();
    await pause(random() * 2_500, "it is killed at any moment of its start");
    await berth.kill();
    await write(document("bot-0", { kill }));
    const begin = performance.now();
    berth = start();
    await untilRunning(fixture, { ...bots, "bot-0": { kill } });
    adoptions.push(performance.now() - begin);
  }
  const after = await untilRunning(fixture, { ...bots, "bot-0": { kill: KILLS } });
  const pids = (containers: typeof before) =>
    containers.filter(({ bot }) => bot !== fixture.id("bot-0")).map(({ bot, pid }) => `${bot} ${pid}`).sort();
  assert.deepEqual(pids(after), pids(before));
  await berth[Symbol.asyncDispose]();
  console.log(
    `${2 * KILLS} kills, ${BOTS} bots; taken over after ${Math.round(Math.max(...adoptions))} ms at most`,
  );
});
