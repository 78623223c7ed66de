/**
 * Measures how long after its slot a run's container starts, when ten schedules of new code are due at the same time in
 * a process that has just been started, against the raw engine starting ten such containers at once. By the engine's
 * clock, in one run. Run with `deno task bench`.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { SqliteRunRepository } from "../../services/sqlite/sqlite_run_repository.ts";
import { SqliteScheduleRepository } from "../../services/sqlite/sqlite_schedule_repository.ts";
import { InProcessBotEvents } from "../../services/events/in_process_bot_events.ts";
import { ScheduleService } from "../../services/schedules/schedule_service.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { median } from "../support/measures.ts";
import { type Raw, rawEngine, rawStart, startOnce, type Template } from "./raw_engine.ts";
import { until } from "../support/until.ts";

const SCHEDULES = 10;
/** From the start of the process to the slot, in ms: the first round has least. */
const AHEAD_MS = [6000, 7300, 8600, 9900, 11_200, 6600, 7900, 9200, 10_500];
const CODE = "import time\ndef main(id, config):\n    time.sleep(3)\n";
/** Libraries that a program brings along: 1 MB. */
const FILES = 50;
const FILE_BYTES = 20_000;

function vendored(): Record<string, Uint8Array> {
  const content = () => crypto.getRandomValues(new Uint8Array(FILE_BYTES));
  return Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`vendor/part_${n}.py`, content()]));
}

/** Ten schedules with a slot at the same time, under a service of their own. @returns From slot to start, in ms. */
async function startedByService(fixture: RunnerFixture, aheadMs: number): Promise<number[]> {
  const { config, deploy } = fixture;
  using database = new DatabaseSync(":memory:");
  const repository = new SqliteScheduleRepository(database);
  const runs = new SqliteRunRepository(database);
  await repository.open();
  const codes = await Promise.all(
    Array.from({ length: SCHEDULES }, () => deploy({ "main.py": CODE, ...vendored() })),
  );
  const slot = new Date(Math.ceil((Date.now() + aheadMs) / 1000) * 1000);
  const schedule = `${slot.getUTCSeconds()} ${slot.getUTCMinutes()} ${slot.getUTCHours()} * * *`;
  for (const [index, { filePath }] of codes.entries()) {
    const id = `s${index}`;
    const custom = {
      version: "1",
      filePath,
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    };
    const document = { id, config: { schedule }, custom };
    await repository.apply({ type: "created", id, document, order: { sequence: index + 1 } });
  }
  const service = new ScheduleService({
    repository,
    runs,
    events: new InProcessBotEvents(),
    runner: fixture.another({}),
    instance: config.instance,
    maxConcurrentRuns: SCHEDULES,
  });
  const stop = new AbortController();
  const running = service.run(stop.signal);
  try {
    let lags: number[] = [];
    await until("ten starts", async () => {
      const open = (await runs.listOpen()).filter(({ state }) => state === "running");
      lags = open.map(({ startLagMs }) => startLagMs!);
      return lags.length === SCHEDULES;
    }, 60_000);
    await until("all have ended", async () => (await runs.listOpen()).length === 0, 60_000);
    return lags;
  } finally {
    stop.abort();
    await running;
  }
}

/** The same by the raw engine, whose code is ready. @returns From asking to start, in ms. */
async function startedRaw(raw: Raw, template: Template): Promise<number[]> {
  const begin = Date.now();
  const ids = await Promise.all(Array.from({ length: SCHEDULES }, () => rawStart(raw, template)));
  const times = await Promise.all(
    ids.map(async (id) => Date.parse(JSON.parse(await raw("GET", `/containers/${id}/json`)).State.StartedAt)),
  );
  await Promise.all(ids.map((id) => raw("DELETE", `/containers/${id}?force=1`)));
  return times.map((time) => time - begin);
}

await using fixture = await RunnerFixture.open({ STOP_GRACE_SECONDS: "0" });
const { runner, config, deploy } = fixture;
const raw = rawEngine(config.dockerHost.slice("unix://".length));
const template = await startOnce(fixture, await deploy({ "main.py": CODE, ...vendored() }));
const ours: number[][] = [];
const theirs: number[][] = [];
try {
  for (const aheadMs of AHEAD_MS) {
    ours.push(await startedByService(fixture, aheadMs));
    theirs.push(await startedRaw(raw, template));
  }
} finally {
  for (const { containerId } of await runner.listManagedContainers(ALL_SEGMENTS)) {
    await runner.removeContainer(containerId);
  }
  await Deno.remove(template.folder, { recursive: true });
}
await runner.removeOrphans();
const [our, their] = [median(ours.map(median)), median(theirs.map(median))];
const early = ours.flat().filter((lag) => lag < 0).length;
console.log(
  `${SCHEDULES} schedules due at once: container started ${our.toFixed(0)} ms after its slot, raw engine ` +
    `${their.toFixed(0)} ms after it was asked: ratio ${(our / their).toFixed(2)} ` +
    `(medians of ${AHEAD_MS.length} slots; wanted: at most 1.2), ${early} too early`,
);
