/**
 * Measures how long after its slot a run's container starts, when ten schedules are due at the same time, against the
 * raw engine starting the same ten at once. By the engine's clock, in one run. Run with `deno task bench`.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { ALL_SEGMENTS } from "../../lib/runner.ts";
import { SqliteRunRepository } from "../../services/adapters/sqlite_run_repository.ts";
import { SqliteScheduleRepository } from "../../services/adapters/sqlite_schedule_repository.ts";
import { InProcessBotEvents } from "../../services/in_process_bot_events.ts";
import { ScheduleService } from "../../services/schedule_service.ts";
import { until } from "../engine/engine_support.ts";
import { withRunner } from "../engine/runner_support.ts";
import { median, rawEngine, rawStart, startOnce } from "./raw_engine.ts";

const SCHEDULES = 10;
const ROUNDS = 5;
/** Of the slots: long enough for ten starts on both sides in between. */
const EVERY_SECONDS = 15;
const CODE = "import time\ndef main(id, config):\n    time.sleep(3)\n";

await withRunner(async (stage) => {
  const { runner, config, deploy } = stage;
  const executable = await deploy({ "main.py": CODE }, { isLongRunning: false });
  const raw = rawEngine(config.dockerHost.slice("unix://".length));
  const template = await startOnce(stage, { ...executable, isLongRunning: true });
  const database = new DatabaseSync(":memory:");
  const repository = new SqliteScheduleRepository(database);
  const runs = new SqliteRunRepository(database);
  await repository.open();
  for (let index = 0; index < SCHEDULES; index++) {
    const id = `s${index}`;
    const document = {
      id,
      config: { schedule: `*/${EVERY_SECONDS} * * * * *` },
      custom: {
        version: "1",
        filePath: executable.filePath,
        config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
      },
    };
    await repository.apply({ type: "created", id, document, order: { sequence: index + 1 } });
  }
  const { instance } = config;
  const service = new ScheduleService({
    repository,
    runs,
    events: new InProcessBotEvents(),
    runner,
    instance,
    maxConcurrentRuns: SCHEDULES,
  });
  const stop = new AbortController();
  const running = service.run(stop.signal);
  const startedAt = async (id: string) =>
    Date.parse(JSON.parse(await raw("GET", `/containers/${id}/json`)).State.StartedAt);
  const ours: number[] = [];
  const theirs: number[] = [];
  let early = 0;
  try {
    let slot = 0;
    for (let round = 0; round < ROUNDS; round++) {
      let lags: number[] = [];
      await until("ten starts", async () => {
        const open = await runs.listOpen();
        const next = open.filter((record) => record.slot > slot && record.state === "running");
        lags = next.map(({ startLagMs }) => startLagMs!);
        if (lags.length === SCHEDULES) slot = next[0]!.slot;
        return lags.length === SCHEDULES;
      }, 60_000);
      // The first slot warms up both sides.
      if (round > 0) ours.push(median(lags));
      early += lags.filter((lag) => lag < 0).length;
      await until("all have ended", async () => (await runs.listOpen()).length === 0, 60_000);
      const begin = Date.now();
      const ids = await Promise.all(Array.from({ length: SCHEDULES }, () => rawStart(raw, template)));
      const times = await Promise.all(ids.map(startedAt));
      if (round > 0) theirs.push(median(times.map((time) => time - begin)));
      await Promise.all(ids.map((id) => raw("DELETE", `/containers/${id}?force=1`)));
    }
  } finally {
    stop.abort();
    await running;
    database.close();
    for (const { containerId } of await runner.listManagedContainers(ALL_SEGMENTS)) {
      await runner.removeContainer(containerId);
    }
    await Deno.remove(template.folder, { recursive: true });
  }
  await runner.removeOrphans();
  const [our, their] = [median(ours), median(theirs)];
  console.log(
    `${SCHEDULES} schedules due at once: container started ${our.toFixed(0)} ms after its slot, raw engine ` +
      `${their.toFixed(0)} ms after it was asked: ratio ${(our / their).toFixed(2)} ` +
      `(medians of ${ROUNDS - 1} slots; wanted: at most 1.2), ${early} too early`,
  );
}, { STOP_GRACE_SECONDS: "0" });
