import assert from "node:assert/strict";
import type { BerthProcess } from "./berth_process.ts";
import { type BotStage, lookAt, untilRunning, withBots } from "./bot_stage.ts";
import { until } from "./engine_support.ts";
import { fullOrShort } from "./full_or_short.ts";
import type { Passage } from "./passage.ts";

/** How many times Berth is killed. The short form goes through the same steps in larger strides. */
const KILLS = fullOrShort(200, 12);

/** After so long without a step, in ms, all of a deed is done. */
const QUIET_MS = 300;

/** What is done to a bot, and what should be there then. */
interface Deed {
  readonly name: string;
  /** Does it; `round` makes a difference each time. */
  act(stage: BotStage, round: number): Promise<void>;
  /** What should be there. */
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

/**
 * Has Berth killed when so many pieces of data have gone between it and engine, database, event bus and object store: before a
 * request arrives, or after what it asked for was done and before Berth hears of it.
 */
class Watch implements Disposable {
  readonly #passages: readonly Passage[];
  #steps = 0;
  #lastAt = performance.now();

  constructor({ passages }: BotStage, berth: BerthProcess, step: number) {
    this.#passages = Object.values(passages);
    for (const passage of this.#passages) {
      passage.onStep = () => {
        this.#lastAt = performance.now();
        if (++this.#steps === step) berth.signal("SIGKILL");
        return this.#steps < step;
      };
    }
  }

  /** Whether nothing is done any more. */
  get isQuiet(): boolean {
    return performance.now() - this.#lastAt > QUIET_MS;
  }

  [Symbol.dispose](): void {
    for (const passage of this.#passages) passage.onStep = undefined;
  }
}

Deno.test("BotService is killed at each step of a start, a replacement and a stop, and its successor ends it well", () =>
  withBots(async (stage) => {
    const { start } = stage;
    let kills = 0;
    const steps = new Map<string, number>();
    const stride = fullOrShort(1, 9);
    let berth = start();
    await berth.logged(/Events come from the stream/);
    for (let round = 1; kills < KILLS; round++) {
      for (const deed of DEEDS) {
        const step = 1 + (steps.get(deed.name) ?? 0);
        const wanted = deed.wanted(round);
        let isKilled = false;
        berth.status.then(() => isKilled = true);
        {
          using watch = new Watch(stage, berth, step);
          await deed.act(stage, round);
          // Done before it came to that step: its steps have all been tried, and are tried anew.
          const isDone = async () => watch.isQuiet && "found" in await lookAt(stage, wanted);
          await until("its end or that of the deed", async () => isKilled || await isDone(), 60_000);
        }
        if (isKilled) {
          kills++;
          steps.set(deed.name, step - 1 + stride);
          berth = start();
        } else steps.delete(deed.name);
        try {
          await untilRunning(stage, wanted);
        } catch (error) {
          throw new Error(`killed at step ${step} of ${deed.name}:\n${berth.lines.join("\n")}`, {
            cause: error,
          });
        }
      }
    }
    await until("the end of what is left", async () => (await stage.containers()).length === 0);
    assert.deepEqual(await stage.folders(), []);
    await berth[Symbol.asyncDispose]();
    console.log(`${kills} kills`);
  }));
