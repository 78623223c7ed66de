import assert from "node:assert/strict";
import { MongoClient } from "mongodb";
import { connectDocker } from "../../lib/adapters/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/adapters/dockerode_orchestrator.ts";
import { LABEL } from "../../lib/labels.ts";
import { MongoRunRepository } from "../../services/adapters/mongo_run_repository.ts";
import type { RunRecord } from "../../services/run_repository.ts";
import type { BerthProcess } from "./berth_process.ts";
import { type BotStage, withBots } from "./bot_stage.ts";
import { until } from "./engine_support.ts";
import { fullOrShort } from "./full_or_short.ts";
import { KillAtStep } from "./kill_at_step.ts";

/** The short form goes through the same steps in larger strides. */
const STRIDE = fullOrShort(1, 25);
/** From the making of a schedule to its only slot, in ms: it is known to the service by then. */
const AHEAD_MS = 3000;
/** What a scheduled program does; each of its attempts says so once. */
const CODE = `
import sys, time

def main(id, config):
    print("runs", flush=True)
    time.sleep(config.get("takes", 0))
    if config.get("exit"): sys.exit(config["exit"])
    return id
`;

/** What one slot is, and what should come of it. */
interface Deed {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly wanted: Pick<RunRecord, "state" | "exitCode" | "attempt">;
}

const DEEDS: readonly Deed[] = [
  { name: "a run", config: {}, wanted: { state: "succeeded", exitCode: 0, attempt: 1 } },
  {
    name: "a run that is tried again",
    config: { exit: 3, retries: 1 },
    wanted: { state: "failed", exitCode: 3, attempt: 2 },
  },
  {
    name: "a run that takes too long",
    config: { takes: 60, max_runtime_seconds: 1 },
    wanted: { state: "timed-out", exitCode: 143, attempt: 1 },
  },
];

/** What a test looks at. */
interface RunStage extends BotStage {
  readonly runs: MongoRunRepository;
  /** Makes a schedule of one slot, and waits until the service knows it. @returns The slot. */
  schedule(id: string, config: Record<string, unknown>): Promise<number>;
  /** How often each container was started, by schedule and slot label. */
  readonly starts: ReadonlyMap<string, number>;
}

function withRuns(work: (stage: RunStage) => Promise<void>): Promise<void> {
  return withBots(async (stage) => {
    await stage.code.put("schedule/1", { "main.py": CODE });
    const client = new MongoClient(stage.direct.MONGO_URI!);
    const schedules = client.db("bot_scheduler").collection("bot_schedules");
    await using orchestrator = new DockerodeOrchestrator(connectDocker(stage.direct.DOCKER_HOST!));
    const watching = new AbortController();
    const starts = new Map<string, number>();
    const opened = Promise.withResolvers<void>();
    const watched = (async () => {
      const labels = { [LABEL.instance]: stage.env.BERTH_INSTANCE! };
      const options = { labels, signal: watching.signal, onOpen: opened.resolve };
      for await (const { action, labels } of orchestrator.watch(options)) {
        const key = `${labels[LABEL.id]}@${labels[LABEL.slot]}`;
        if (action === "start") starts.set(key, (starts.get(key) ?? 0) + 1);
      }
    })().catch((error) => {
      if (!watching.signal.aborted) throw error;
    });
    await opened.promise;
    try {
      await work({
        ...stage,
        runs: new MongoRunRepository(client),
        starts,
        async schedule(name, config) {
          const at = new Date(Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000);
          const { custom, ...document } = stage.document(name, config);
          const cron = [
            at.getUTCSeconds(),
            at.getUTCMinutes(),
            at.getUTCHours(),
            at.getUTCDate(),
            at.getUTCMonth() + 1,
            "*",
          ].join(" ");
          await stage.publish("created", {
            ...document,
            config: { ...config, schedule: cron },
            custom: { ...custom, filePath: "schedule/1" },
          }, "bot-schedule");
          const slot = at.getTime() / 1000;
          await until("the service knows the schedule", async () => {
            const stored = await schedules.findOne({ id: document.id });
            return Number(stored?.next_execution_time) === slot;
          });
          return slot;
        },
      });
    } finally {
      watching.abort();
      await watched;
      await client.close();
    }
  });
}

/** Waits until a slot is over, with nothing left of it, or Berth is killed. @returns Its record, if it is over. */
async function untilOver(
  { runs, containers, folders }: RunStage,
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
  Deno.test(`ScheduleService is killed at each step of ${name}, and its slot is run once`, () =>
    withRuns(async (stage) => {
      const start = () => stage.start({ SERVICES: "schedules", LOG_INTERVAL: "1" });
      let berth: BerthProcess = start();
      await berth.logged(/Events come from the stream/);
      let kills = 0;
      let isKilled = true;
      let last = 0;
      for (let step = 1; isKilled; step += STRIDE) {
        const id = stage.id(`at-${step}`);
        const slot = await stage.schedule(`at-${step}`, config);
        isKilled = false;
        const killed = berth;
        killed.status.then(() => isKilled = true);
        const watch = new KillAtStep(stage, killed, step);
        let record = await untilOver(stage, id, () => isKilled);
        watch[Symbol.dispose]();
        last = watch.steps;
        // Killed at a step after the last one that matters here.
        if (last >= step) await killed.status;
        if (isKilled) {
          kills++;
          berth = start();
        }
        record ??= await untilOver(stage, id, () => false).catch((cause) => {
          throw new Error(`killed at step ${step}:\n${berth.lines.join("\n")}`, { cause });
        });
        const seen = `killed at step ${step}: ${JSON.stringify(record)}\n${berth.lines.join("\n")}`;
        assert.deepEqual([record!.state, record!.exitCode, record!.attempt], Object.values(wanted), seen);
        assert.equal((await stage.runs.list(id)).length, 1, seen);
        for (let attempt = 1; attempt <= wanted.attempt; attempt++) {
          const label = `${id}@${slot}${attempt > 1 ? `-r${attempt}` : ""}`;
          assert.equal(stage.starts.get(label), 1, `${label} is started once; ${seen}`);
        }
      }
      console.log(`${kills} kills; ${last} steps when nobody was killed`);
    }));
}
