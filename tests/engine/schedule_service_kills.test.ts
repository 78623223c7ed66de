import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { ScheduleServiceFixture } from "../support/fixtures/schedule_service_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type ScheduleProcess, startScheduleProcess } from "../support/processes/schedule_process.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { mongoUri } from "../support/servers/mongo_fixture.ts";
import { pause, until } from "../support/until.ts";

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
      // Nothing is due any more: claimed slots that have not started are skipped, and runs go on to their end.
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
