import assert from "node:assert/strict";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { KillAtStep } from "../support/processes/kill_at_step.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";
import { until } from "../support/until.ts";

/** The short form goes through the same steps in larger strides. */
const STRIDE = fullOrShort(1, 25);
/** One slot, and its expected outcome. */
interface Deed {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly wanted: Pick<RunRecord, "state" | "exitCode" | "attempt">;
}

const DEEDS: readonly Deed[] = [
  { name: "a run", config: {}, wanted: { state: "succeeded", exitCode: 0, attempt: 1 } },
  {
    name: "a run that is tried again",
    config: { exit: 3, berth: { retries: 1 } },
    wanted: { state: "failed", exitCode: 3, attempt: 2 },
  },
  {
    name: "a run that takes too long",
    config: { takes: 60, berth: { max_runtime_seconds: 1 } },
    wanted: { state: "timed-out", exitCode: 143, attempt: 1 },
  },
];

/** Waits until a slot is over, with nothing left of it, or Berth is killed. @returns Its record, if it is over. */
async function untilOver(
  { runs, containers, folders }: RunFixture,
  id: string,
  isKilled: () => boolean,
): Promise<RunRecord | undefined> {
  let record: RunRecord | undefined;
  await until("the end of the run, or Berth's", async () => {
    const [found] = await runs.list(id);
    record = found && !["claimed", "running"].includes(found.state) ? found : undefined;
    if (isKilled()) return true;
    return record !== undefined && (await containers()).length === 0 && (await folders()).length === 0;
  }, 60_000);
  return isKilled() ? undefined : record;
}

for (const { name, config, wanted } of DEEDS) {
  Deno.test(`ScheduleService is killed at each step of ${name}, and its slot is run once`, async () => {
    await using fixture = await RunFixture.open();
    const start = () => fixture.start({ SERVICES: "schedules", LOG_INTERVAL: "1" });
    let berth: BerthProcess = start();
    await berth.logged(/Events come from the stream/);
    let kills = 0;
    let isKilled = true;
    let last = 0;
    for (let step = 1; isKilled; step += STRIDE) {
      const id = fixture.id(`at-${step}`);
      const slot = await fixture.schedule(`at-${step}`, config);
      isKilled = false;
      const killed = berth;
      killed.status.then(() => isKilled = true);
      const watch = new KillAtStep(fixture, killed, step);
      let record = await untilOver(fixture, id, () => isKilled);
      watch[Symbol.dispose]();
      last = watch.steps;
      // Killed at a step after the last one that matters here.
      if (last >= step) await killed.status;
      if (isKilled) {
        kills++;
        berth = start();
      }
      record ??= await untilOver(fixture, id, () => false).catch((cause) => {
        throw new Error(`killed at step ${step}:\n${berth.lines.join("\n")}`, { cause });
      });
      const seen = `killed at step ${step}: ${JSON.stringify(record)}\n${berth.lines.join("\n")}`;
      assert.deepEqual([record!.state, record!.exitCode, record!.attempt], Object.values(wanted), seen);
      assert.equal((await fixture.runs.list(id)).length, 1, seen);
      for (let attempt = 1; attempt <= wanted.attempt; attempt++) {
        const label = `${id}@${slot}${attempt > 1 ? `-r${attempt}` : ""}`;
        assert.equal(fixture.starts.get(label), 1, `${label} is started once; ${seen}`);
      }
    }
    console.log(`${kills} kills; ${last} steps when nobody was killed`);
  });
}
