import assert from "node:assert/strict";
import { EngineUnavailableError, InvalidArchiveError } from "../../../../lib/errors.ts";
import { type Executable, parseExecutable } from "../../../../lib/executable/executable.ts";
import type { BacktestRecord } from "../../../../services/backtests/backtest_record.ts";
import { BacktestRepository } from "../../../../services/backtests/backtest_repository.ts";
import {
  BacktestService,
  type BacktestServiceOptions,
} from "../../../../services/backtests/backtest_service.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { World } from "../../../support/schedule_model.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const SECOND = 1000;
const MINUTE = 60 * SECOND;

function program(id: string, more: Partial<Executable> = {}): Executable {
  return parseExecutable({
    id,
    entrypoint: "backtest",
    entrypointFiles: { bot: "main.py", backtest: "backtest.py" },
    filePath: "code",
    version: "1",
    config: '{"x":1.0}',
    ...more,
  });
}

/** A database with backtests, and services on it. */
class Backtests {
  readonly repository: BacktestRepository;
  private constructor(readonly world: World) {
    this.repository = new BacktestRepository(new SqliteRecordStore(world.database));
  }

  static async open(): Promise<Backtests> {
    const self = new Backtests(await new World(NOW).open());
    await self.repository.open();
    return self;
  }

  /** Starts a service. */
  serve(instance = "one", options: Partial<BacktestServiceOptions> = {}) {
    const end = new AbortController();
    const service = new BacktestService({
      repository: this.repository,
      runner: this.world.engine(instance).runner(),
      instance,
      clock: this.world.clock,
      ...options,
    });
    const running = service.run(end.signal);
    return {
      service,
      stop: async () => {
        end.abort();
        await this.world.clock.advance(SECOND);
        await running;
      },
    };
  }

  /** Bot and state of each, in the order of the requests. */
  async story(): Promise<string[]> {
    const all = await this.repository.list({ limit: 1000 });
    return all.reverse().map(({ executable, state, reason }) =>
      `${executable.id} ${state}${reason ? `: ${reason}` : ""}`
    );
  }

  async get({ id }: BacktestRecord): Promise<BacktestRecord> {
    return (await this.repository.get(id))!.record;
  }
}

async function submit(
  test: Backtests,
  service: BacktestService,
  ...bots: string[]
): Promise<BacktestRecord[]> {
  const records: BacktestRecord[] = [];
  for (const bot of bots) {
    records.push((await service.submit(program(bot), "token ci"))!);
    await test.world.clock.advance(1);
  }
  return records;
}

Deno.test("so many backtests run at once, the others in the order of their requests", async () => {
  const test = await Backtests.open();
  const { world } = test;
  for (const id of ["a", "b", "c", "d"]) {
    world.programs.set(id, { ms: 10 * SECOND, exitCodes: [0], stopMs: 100 });
  }
  world.programs.set("b", { ms: 10 * SECOND, exitCodes: [3], stopMs: 100 });
  const { service, stop } = test.serve();
  const [a] = await submit(test, service, "a", "b", "c", "d");
  await world.clock.advance(SECOND);
  assert.deepEqual(await test.story(), ["a running", "b running", "c queued", "d queued"]);
  assert.equal(service.running, 2);
  await world.clock.advance(12 * SECOND);
  assert.deepEqual(await test.story(), [
    "a succeeded",
    "b failed: It ended with exit code 3.",
    "c running",
    "d running",
  ]);
  await world.clock.advance(20 * SECOND);
  assert.deepEqual((await test.story()).slice(2), ["c succeeded", "d succeeded"]);
  const { seenAt: _seen, executable, ...ended } = await test.get(a!);
  assert.equal(executable.config, '{"x":1.0}', "the configuration keeps its text");
  const startedAt = new Date(Date.parse(NOW) + 41);
  assert.deepEqual({ ...ended, queuedAt: 0, claimedAt: 0, startedAt: 0, finishedAt: 0 }, {
    id: a!.id,
    state: "succeeded",
    reason: "",
    requestedBy: "token ci",
    instance: "one",
    queuedAt: 0,
    claimedAt: 0,
    startedAt: 0,
    finishedAt: 0,
    durationMs: 10 * SECOND,
    exitCode: 0,
    containerName: `berth_one_backtest_a_${a!.id}`,
    resultStatus: "stored",
    result: `a/backtests/${a!.id}.json`,
  });
  assert.ok(Math.abs(ended.startedAt!.getTime() - startedAt.getTime()) < 100);
  assert.deepEqual(world.engine("one").list(), [], "containers are removed");
  assert.deepEqual(await test.repository.listOpen(), []);
  await stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("the queue survives a restart, and a running backtest is taken over", async () => {
  const test = await Backtests.open();
  const { world } = test;
  for (const id of ["a", "b"]) world.programs.set(id, { ms: 20 * SECOND, exitCodes: [0], stopMs: 100 });
  const first = test.serve("one", { maxConcurrentBacktests: 1 });
  await submit(test, first.service, "a", "b");
  await world.clock.advance(5 * SECOND);
  await first.stop();
  await world.clock.advance(5 * SECOND);
  assert.deepEqual(await test.story(), ["a running", "b queued"]);
  const second = test.serve("one", { maxConcurrentBacktests: 1 });
  await world.clock.advance(5 * SECOND);
  assert.deepEqual(await test.story(), ["a running", "b queued"], "it is not started again");
  await world.clock.advance(40 * SECOND);
  assert.deepEqual(await test.story(), ["a succeeded", "b succeeded"]);
  assert.equal(world.starts.length, 2);
  await second.stop();
});

Deno.test("a backtest that ended while no service was there is collected, one that is gone says so", async () => {
  const test = await Backtests.open();
  const { world } = test;
  for (const id of ["a", "b"]) world.programs.set(id, { ms: 2 * SECOND, exitCodes: [0], stopMs: 100 });
  const first = test.serve();
  await submit(test, first.service, "a", "b");
  await world.clock.advance(SECOND);
  await first.stop();
  await world.clock.advance(10 * SECOND);
  const engine = world.engine("one");
  engine.lose(engine.list().find(({ id }) => id === "b")!.containerId);
  const second = test.serve();
  await world.clock.advance(SECOND);
  assert.deepEqual(await test.story(), [
    "a succeeded",
    "b failed: its container is gone, removed by somebody else: its outcome is unknown",
  ]);
  await second.stop();
});

Deno.test("a queued backtest is cancelled at once, a running one when its program has ended", async () => {
  const test = await Backtests.open();
  const { world } = test;
  for (const id of ["a", "b"]) world.programs.set(id, { ms: MINUTE, exitCodes: [0], stopMs: 2 * SECOND });
  const { service, stop } = test.serve("one", { maxConcurrentBacktests: 1 });
  const [a, b] = await submit(test, service, "a", "b");
  await world.clock.advance(SECOND);
  assert.equal((await service.cancel(b!.id, "local"))?.state, "cancelled");
  assert.equal((await service.cancel(a!.id, "token ops"))?.cancelledBy, "token ops");
  await world.clock.advance(SECOND);
  assert.equal((await test.get(a!)).state, "running", "its program may clean up");
  await world.clock.advance(3 * SECOND);
  assert.deepEqual(await test.story(), [
    "a cancelled: cancelled by token ops; exit code 143 (SIGTERM)",
    "b cancelled: cancelled by local before it was started",
  ]);
  assert.equal(world.starts.length, 1);
  const again = await service.cancel(a!.id, "local");
  assert.equal(again?.cancelledBy, "token ops", "it stays as it was");
  assert.equal(await service.cancel("20250101t000000000-00000000", "local"), undefined);
  await stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("two services on one database run each backtest once", async () => {
  const test = await Backtests.open();
  const { world } = test;
  const bots = Array.from({ length: 20 }, (_, i) => `bot${i}`);
  for (const id of bots) world.programs.set(id, { ms: 3 * SECOND, exitCodes: [0], stopMs: 100 });
  const services = ["one", "two"].map((instance) => test.serve(instance, { reconcileIntervalMs: SECOND }));
  await submit(test, services[0]!.service, ...bots);
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(await test.story(), bots.map((id) => `${id} succeeded`));
  assert.equal(world.starts.length, 20);
  const owners = new Set((await test.repository.list({ limit: 100 })).map(({ instance }) => instance));
  assert.deepEqual([...owners].sort(), ["one", "two"], "both take part");
  for (const { stop } of services) await stop();
});

Deno.test("a service runs only backtests of its segment", async () => {
  const test = await Backtests.open();
  const { service, stop } = test.serve("one", { segment: 1 });
  await service.submit(program("mine", { segment: 1 }), "local");
  await service.submit(program("other", { segment: 2 }), "local");
  await test.world.clock.advance(2 * MINUTE);
  assert.deepEqual((await test.story()).sort(), ["mine succeeded", "other queued"]);
  await stop();
});

Deno.test("a backtest whose service is gone is closed by another one", async () => {
  const test = await Backtests.open();
  const { world } = test;
  world.programs.set("a", { ms: 60 * MINUTE, exitCodes: [0], stopMs: 100 });
  const first = test.serve("one");
  await submit(test, first.service, "a");
  await world.clock.advance(2 * MINUTE);
  const second = test.serve("two");
  await world.clock.advance(6 * MINUTE);
  assert.deepEqual(await test.story(), ["a running"], "its service is there");
  await first.stop();
  await world.clock.advance(4 * MINUTE);
  assert.deepEqual(await test.story(), ["a running"]);
  await world.clock.advance(3 * MINUTE);
  assert.match(
    (await test.story())[0]!,
    /^a failed: its service one has given no sign of life since 2025-03-01T00:0\d/,
  );
  await second.stop();
  // When it comes back, it removes what still runs.
  const back = test.serve("one");
  await world.clock.advance(MINUTE);
  assert.deepEqual(world.engine("one").list(), []);
  await back.stop();
});

Deno.test("a start waits for an engine that comes back, not forever, and not for broken code", async () => {
  const test = await Backtests.open();
  const { world } = test;
  const engine = world.engine("one");
  const { service, stop } = test.serve();
  engine.startProblem = new EngineUnavailableError("The engine does not answer.");
  await submit(test, service, "a");
  await world.clock.advance(MINUTE);
  assert.deepEqual(await test.story(), ["a running"]);
  engine.startProblem = undefined;
  await world.clock.advance(MINUTE);
  assert.deepEqual(await test.story(), ["a succeeded"]);
  engine.startProblem = new InvalidArchiveError("not-a-zip", "It is no ZIP archive.");
  await submit(test, service, "b");
  await world.clock.advance(SECOND);
  assert.match((await test.story())[1]!, /^b failed: it could not be started: It is no ZIP archive/);
  engine.startProblem = new EngineUnavailableError("The engine does not answer.");
  await submit(test, service, "c");
  await world.clock.advance(10 * MINUTE);
  assert.match((await test.story())[2]!, /^c failed: it could not be started: The engine does not answer/);
  await stop();
});

Deno.test("nothing is started while the right to serve is in doubt", async () => {
  const test = await Backtests.open();
  let why: string | undefined = "the right to serve";
  const { service, stop } = test.serve("one", { whyIdle: () => why });
  const runner = test.world.engine("one");
  await submit(test, service, "a");
  await test.world.clock.advance(MINUTE);
  assert.deepEqual(runner.list(), []);
  why = undefined;
  await test.world.clock.advance(MINUTE);
  assert.deepEqual(await test.story(), ["a succeeded"]);
  await stop();
});

Deno.test("so much history is kept of each bot, and open backtests stay", async () => {
  const test = await Backtests.open();
  const { world } = test;
  const { service, stop } = test.serve("one", { retention: { maxRecords: 2, maxAgeMs: 60 * MINUTE } });
  await submit(test, service, "a", "a", "a", "b");
  await world.clock.advance(MINUTE);
  assert.deepEqual(await test.story(), ["a succeeded", "a succeeded", "b succeeded"]);
  await world.clock.advance(3 * 60 * MINUTE);
  assert.deepEqual(await test.story(), []);
  await stop();
});

Deno.test("a damaged record affects no other", async () => {
  const test = await Backtests.open();
  const { service, stop } = test.serve("one");
  const [a] = await submit(test, service, "a", "b");
  test.world.database.prepare("UPDATE records SET value = '{}' WHERE collection = 'backtests' AND id = ?")
    .run(a!.id);
  await test.world.clock.advance(MINUTE);
  assert.deepEqual(await test.story(), ["b succeeded"]);
  await stop();
});
