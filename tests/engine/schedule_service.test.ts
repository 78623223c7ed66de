import assert from "node:assert/strict";
import { type Collection, type Db, MongoClient } from "mongodb";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { MongoRunRepository } from "../../services/mongo/mongo_run_repository.ts";
import { MongoScheduleRepository } from "../../services/mongo/mongo_schedule_repository.ts";
import { InProcessBotEvents } from "../../services/events/in_process_bot_events.ts";
import { isOpenRun, type RunRecord } from "../../services/schedules/run_repository.ts";
import { ScheduleService, type ScheduleServiceOptions } from "../../services/schedules/schedule_service.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { mongoUri } from "../support/servers/mongo_fixture.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { type ScheduleProcess, startScheduleProcess } from "../support/processes/schedule_process.ts";

/** The scheduled program of the tests. */
const CODE = `
import os, sys, time
def main(id, config):
    time.sleep(config.get("takes", 0.1))
    if config.get("exit"): sys.exit(config["exit"])
    return {"id": id, "config": config.get("mark")}
`;
import { pause, until } from "../support/until.ts";

/** Schedules and runs in a database of the test's own, and services that run them. */
class ScheduleServiceFixture implements AsyncDisposable {
  readonly bots: RunnerFixture;
  readonly documents: Collection;
  readonly runs: MongoRunRepository;
  readonly repository: MongoScheduleRepository;
  readonly database: Db;
  readonly #filePath: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { bots, database, repository, runs, filePath }:
      & Pick<ScheduleServiceFixture, "bots" | "database" | "repository" | "runs">
      & { filePath: string },
    stack: AsyncDisposableStack,
  ) {
    this.bots = bots;
    this.database = database;
    this.documents = database.collection("bot_schedules");
    this.repository = repository;
    this.runs = runs;
    this.#filePath = filePath;
    this.#stack = stack;
  }

  static async open(): Promise<ScheduleServiceFixture> {
    await using stack = new AsyncDisposableStack();
    const bots = stack.use(await RunnerFixture.open({ STOP_GRACE_SECONDS: "3" }));
    const database = `berth_${bots.config.instance.replaceAll("-", "_")}`;
    const client = new MongoClient(mongoUri());
    stack.defer(() => client.close());
    stack.defer(async () => void await client.db(database).dropDatabase());
    stack.defer(async () => {
      for (const { containerId } of await bots.runner.listManagedContainers(-1)) {
        await bots.runner.removeContainer(containerId);
      }
    });
    const repository = new MongoScheduleRepository(client, { database });
    // A test looks again and again beside the services: it is in no hurry.
    const runs = new MongoRunRepository(client, { database, limitMs: 60_000 });
    await repository.open();
    await runs.open();
    const { filePath } = await bots.deploy({ "main.py": CODE });
    const parts = { bots, database: client.db(database), repository, runs, filePath };
    return new ScheduleServiceFixture(parts, stack.move());
  }

  /** Writes a schedule as another program would. */
  readonly write = async (id: string, config: Record<string, unknown>): Promise<void> => {
    const custom = {
      version: "7",
      filePath: this.#filePath,
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    };
    const $set = { id, config, custom };
    await this.documents.updateOne({ id }, { $set, $unset: { next_execution_time: 1 } }, { upsert: true });
  };

  /** Every record of a schedule, the earliest slot first. */
  readonly records = async (id: string): Promise<RunRecord[]> =>
    (await this.runs.list(id, { limit: 1000 })).reverse();

  /** How many records there are of each schedule that has any. */
  readonly counts = async (): Promise<number[]> => {
    const ledger = this.database.collection("runs");
    const groups = ledger.aggregate([{ $group: { _id: "$schedule_id", count: { $sum: 1 } } }]);
    return (await groups.toArray()).map(({ count }) => count);
  };

  /** Runs a service until the function has ended. */
  readonly serve = async (
    work: (service: ScheduleService, events: InProcessBotEvents) => Promise<void>,
    options: Partial<ScheduleServiceOptions> = {},
  ): Promise<void> => {
    const events = new InProcessBotEvents();
    const { runner, config } = this.bots;
    const service = new ScheduleService({
      repository: this.repository,
      runs: this.runs,
      events,
      runner,
      instance: config.instance,
      checkIntervalMs: 1000,
      ...options,
    });
    const stop = new AbortController();
    const running = service.run(stop.signal);
    try {
      await work(service, events);
    } finally {
      stop.abort();
      await running;
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Waits for runs that have ended; slots that were skipped, on a slow machine, are none. */
async function untilFinal({ records }: ScheduleServiceFixture, id: string, count = 1): Promise<RunRecord[]> {
  let found: RunRecord[] = [];
  await until(`${count} ends of ${id}`, async () => {
    found = (await records(id)).filter((record) => !isOpenRun(record) && record.state !== "skipped");
    return found.length >= count;
  }, 60_000);
  return found;
}

Deno.test("ScheduleService starts a slot's container in its second, never early, and keeps result and record", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  await fixture.write("one", { schedule: "*/3 * * * * *", mark: "m" });
  await fixture.serve(async () => {
    const [first, second] = await untilFinal(fixture, "one", 2);
    assert.equal((second!.slot - first!.slot) % 3, 0);
    for (const record of [first!, second!]) {
      assert.deepEqual([record.state, record.exitCode, record.resultStatus], ["succeeded", 0, "stored"]);
      assert.ok(record.startedAt!.getTime() >= record.slot * 1000, "never early");
      assert.equal(record.startLagMs, record.startedAt!.getTime() - record.slot * 1000);
      assert.ok(record.durationMs! >= 100);
      assert.equal(record.result, `one/runs/${record.slot}.json`);
      const { body } = await fixture.bots.store.get(fixture.bots.config.buckets.results, record.result!);
      const result = await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).json();
      assert.deepEqual(result, { id: "one", config: "m" });
    }
    await fixture.documents.deleteMany({});
    await until("no container is left", async () => (await fixture.bots.containers()).length === 0);
  });
});

Deno.test("ScheduleService replaces a run, stops one that takes too long, and tries a failed one again", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  const { write, serve } = fixture;
  await write("replace", {
    schedule: "*/5 * * * * *",
    berth: { concurrency_policy: "Replace" },
    takes: 60,
  });
  await write("long", { schedule: "*/5 * * * * *", berth: { max_runtime_seconds: 2 }, takes: 60 });
  await write("fails", { schedule: "*/30 * * * * *", berth: { retries: 1 }, exit: 3 });
  await serve(async (service) => {
    const [replaced] = await untilFinal(fixture, "replace");
    assert.match(
      replaced!.reason!,
      /^replaced by the run replace@\d+: it was stopped; exit code 143 \(SIGTERM\)$/,
    );
    const [long] = await untilFinal(fixture, "long");
    assert.deepEqual([long!.state, long!.exitCode], ["timed-out", 143]);
    assert.ok(long!.durationMs! >= 2000 && long!.durationMs! < 30_000, `${long!.durationMs}`);
    await fixture.documents.deleteMany({ id: { $ne: "fails" } });
    for (const id of ["replace", "long"]) await service.check(id, new AbortController().signal);
    const [failed] = await untilFinal(fixture, "fails");
    assert.deepEqual([failed!.state, failed!.attempt, failed!.exitCode], ["failed", 2, 3]);
    assert.match(failed!.containerName!, /-r2$/);
    await fixture.documents.deleteMany({});
  });
});

Deno.test("ScheduleService outlives its own end: a run goes on, and the next one collects it", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  await fixture.write("one", { schedule: "0 0 1 1 *", takes: 4 });
  await fixture.serve(async (service) => {
    await until("the schedule is known", () => service.state.getSchedule("one") !== undefined);
    const run = await service.runNow("one");
    assert.ok("record" in run, JSON.stringify(run));
    await until("it runs", async () => (await fixture.runs.get(run.record.id))?.state === "running");
  });
  const [container] = await fixture.bots.containers();
  assert.equal(container?.phase, "running");
  await fixture.serve(async () => {
    const [record] = await untilFinal(fixture, "one");
    assert.deepEqual([record!.state, record!.trigger, record!.attempt], ["succeeded", "manual", 1]);
    assert.ok(record!.durationMs! >= 4000);
    await until("its container is gone", async () => (await fixture.bots.containers()).length === 0);
  });
});

/** Schedulers, slots, and how long the slots go on. */
const SCHEDULES = fullOrShort(200, 10);
const SLOTS = fullOrShort(5, 3);
const EXPRESSION = fullOrShort("0 * * * * *", "*/10 * * * * *");

for (const aheadMs of [0, 2000]) {
  Deno.test(`two schedulers on one MongoDB, killed at random, account for every slot once (clocks ${aheadMs} ms apart)`, async () => {
    await using fixture = await ScheduleServiceFixture.open();
    const ids = Array.from({ length: SCHEDULES }, (_, index) => `s${index}`);
    const instances = [fixture.bots.config.instance, `${fixture.bots.config.instance}-b`];
    await using orchestrator = new DockerodeOrchestrator(connectDocker(fixture.bots.config.dockerHost));
    const watching = new AbortController();
    const starts = new Map<string, number>();
    /** The engine's events of each slot, for the report of a failure. */
    const seen = new Map<string, string[]>();
    const watched = (async () => {
      for await (const { action, labels, containerId } of orchestrator.watch({ signal: watching.signal })) {
        const key = `${labels[LABEL.id]}@${labels[LABEL.slot]}`;
        const isOurs = instances.includes(labels[LABEL.instance] ?? "") && labels[LABEL.kind] === "run";
        if (!isOurs) continue;
        if (action === "start") starts.set(key, (starts.get(key) ?? 0) + 1);
        const line = `${new Date().toISOString()} ${action} ${containerId.slice(0, 6)} ${
          labels[LABEL.instance]
        }`;
        seen.set(key, [...seen.get(key) ?? [], line]);
      }
    })().catch((error) => {
      if (!watching.signal.aborted) throw error;
    });
    const start = (index: number) =>
      startScheduleProcess({
        variables: {
          ...fixture.bots.variables,
          BERTH_INSTANCE: instances[index],
          TEMP_DIR: `${fixture.bots.temp}/runtime-${index}`,
        },
        objects: `${fixture.bots.temp}/objects`,
        mongoUri: mongoUri(),
        database: fixture.database.databaseName,
        aheadMs: index * aheadMs,
      });
    const processes: ScheduleProcess[] = [];
    const { next: random } = seededRandom(5 + aheadMs);
    const killedAt: string[] = [];
    try {
      for (const id of ids) await fixture.write(id, { schedule: EXPRESSION });
      processes.push(start(0), start(1));
      const hasSlots = async () => {
        const counts = await fixture.counts();
        return counts.length === ids.length && counts.every((count) => count >= SLOTS);
      };
      while (!await hasSlots()) {
        await pause(fullOrShort(15_000, 3000) * (0.3 + random()), "it is killed at any moment");
        const index = random() < 0.5 ? 0 : 1;
        await processes[index]!.kill();
        killedAt.push(`${new Date().toISOString()} ${instances[index]}`);
        await pause(2000 * random(), "it is down for any time");
        processes[index] = start(index);
      }
      // From here on nothing is due; what is claimed and not started is skipped, what runs comes to its end.
      await fixture.documents.deleteMany({});
      await until("every record is final", async () => (await fixture.runs.listOpen()).length === 0, 240_000);
      await until("no container is left", async () => {
        const labels = { [LABEL.kind]: "run" };
        const all = await orchestrator.listContainers({ labels });
        return !all.some(({ labels }) => instances.includes(labels[LABEL.instance] ?? ""));
      }, 60_000);
      for (const process of processes) assert.equal(await process.stop(), 0);
      const step = fullOrShort(60, 10);
      const outcomes: Record<string, number> = {};
      const by: Record<string, number> = {};
      for (const id of ids) {
        const records = await fixture.records(id);
        for (const [index, { slot, state, reason, startedAt, id: run, instance }] of records.entries()) {
          by[instance] = (by[instance] ?? 0) + 1;
          if (index > 0) assert.equal(slot - records[index - 1]!.slot, step, `${run}: no slot is missing`);
          const outcome = state === "succeeded" ? state : `${state}: ${reason?.replaceAll(/\w+@?\d+/g, "…")}`;
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
          const what = `${run} ran once:\n${seen.get(run)?.join("\n")}\n${
            JSON.stringify(records[index])
          }\nkilled:\n${killedAt.join("\n")}`;
          if (state === "succeeded") assert.equal(starts.get(`${id}@${slot}`), 1, what);
          else assert.ok(reason, run);
          if (state === "skipped") assert.equal(starts.get(`${id}@${slot}`), undefined, run);
          if (startedAt) assert.ok(startedAt.getTime() >= slot * 1000 - aheadMs, `${run} was early`);
        }
      }
      assert.deepEqual([...starts].filter(([, count]) => count > 1), [], "no slot ran twice");
      console.log(
        `${SCHEDULES} schedules, ${killedAt.length} kills, clocks ${aheadMs} ms apart: records ${
          JSON.stringify(outcomes)
        }, ` +
          `by scheduler ${instances.map((name) => by[name] ?? 0)}, ${starts.size} containers`,
      );
      assert.ok((outcomes.succeeded ?? 0) > SCHEDULES);
    } finally {
      for (const process of processes) await process.kill();
      watching.abort();
      await watched;
      for (const container of await orchestrator.listContainers({ labels: { [LABEL.kind]: "run" } })) {
        if (instances.includes(container.labels[LABEL.instance] ?? "")) {
          await orchestrator.remove(container.id);
        }
      }
    }
  });
}
