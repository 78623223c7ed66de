import assert from "node:assert/strict";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { BotFixture, lookAt, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { KillAtStep } from "../support/processes/kill_at_step.ts";
import { until } from "../support/until.ts";

/** How many times Berth is killed in each of the tests. */
const KILLS = fullOrShort(67, 4);
/** The short form goes through the same steps in larger strides. */
const STRIDE = fullOrShort(1, 9);

/** A change of a bot, and the containers that should be there then. */
interface Deed {
  readonly name: string;
  /** Does it; `round` makes a difference each time. */
  act(fixture: BotFixture, round: number): Promise<void>;
  /** The containers that should be there. */
  readonly wanted: (round: number) => Record<string, Record<string, unknown>>;
}

const DEEDS: readonly Deed[] = [
  {
    name: "a start",
    act: ({ publish, document }, round) => publish("created", document(`bot-${round}`, { round })),
    wanted: (round) => ({ [`bot-${round}`]: { round } }),
  },
  {
    name: "a replacement",
    act: ({ publish, document }, round) => publish("updated", document(`bot-${round}`, { round, new: true })),
    wanted: (round) => ({ [`bot-${round}`]: { round, new: true } }),
  },
  {
    name: "a stop",
    act: ({ publish, id }, round) => publish("deleted", { id: id(`bot-${round}`) }),
    wanted: () => ({}),
  },
];

/** Makes a change while Berth is killed at one of its steps. @returns Whether it came to that step. */
async function isKilledWhile(
  fixture: BotFixture,
  berth: BerthProcess,
  { act, wanted }: Deed,
  round: number,
  step: number,
): Promise<boolean> {
  let isKilled = false;
  berth.status.then(() => isKilled = true);
  using watch = new KillAtStep(fixture, berth, step);
  await act(fixture, round);
  const isDone = async () => watch.isQuiet && "found" in await lookAt(fixture, wanted(round));
  await until("its end or that of the deed", async () => isKilled || await isDone(), 60_000);
  return isKilled;
}

for (const killed of DEEDS) {
  Deno.test(`BotService is killed at each step of ${killed.name}, and its successor ends it well`, async () => {
    await using fixture = await BotFixture.open();
    const { start, containers, folders } = fixture;
    let berth = start();
    await berth.logged(/Events come from the stream/);
    let kills = 0;
    let last = 0;
    for (let round = 1, step = 1; kills < KILLS; round++) {
      for (const deed of DEEDS) {
        const at = deed === killed ? step : Infinity;
        if (await isKilledWhile(fixture, berth, deed, round, at)) {
          kills++;
          last = Math.max(last, step);
          step += STRIDE;
          berth = start();
        } else if (deed === killed) step = 1 + kills % STRIDE; // All steps were tried, and are tried anew.
        await untilRunning(fixture, deed.wanted(round)).catch((cause) => {
          throw new Error(`killed at step ${at} of ${deed.name}:\n${berth.lines.join("\n")}`, { cause });
        });
      }
    }
    assert.deepEqual([await containers(), await folders()], [[], []]);
    await berth[Symbol.asyncDispose]();
    console.log(`${kills} kills, at up to step ${last}`);
  });
}
