/** When a run of a schedule holds the accounts that it names. */

import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../../services/documents/bot_repository.ts";
import { AccountBook, type AccountBookOptions } from "../../../services/leases/account_book.ts";
import { AccountHeldError } from "../../../services/leases/account_held_error.ts";
import { SqliteLeaseStore } from "../../../services/sqlite/sqlite_lease_store.ts";
import { collectLogs } from "../../support/collect_logs.ts";
import { startScheduler, World } from "../../support/schedule_model.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const BEGIN = Date.parse("2025-03-01T00:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const BOT = { kind: "bot", id: "grid" } as const;

async function newWorld(): Promise<World> {
  const world = await new World(NOW).open();
  await new SqliteLeaseStore(world.database).open();
  return world;
}

/** Makes the accounts of a process. */
function openBook(world: World, more: Partial<AccountBookOptions> = {}): AccountBook {
  return new AccountBook({
    store: new SqliteLeaseStore(world.database),
    keeper: { segment: -1, instance: "one" },
    onReleased() {},
    clock: world.clock,
    ...more,
  });
}

Deno.test("ScheduleService keeps the account of a run that has started although the database goes away", async () => {
  const world = await newWorld();
  await world.put("report", { schedule: "0 * * * *", berth: { accounts: ["x"] } }, { ms: 20 * SECOND });
  await using accounts = openBook(world);
  const { runs } = world;
  const { update } = runs;
  let isAway = true;
  runs.update = (...given) =>
    isAway && given[1].state === "running"
      ? Promise.reject(new StoreUnavailableError("it is down"))
      : update.apply(runs, given);
  const scheduler = startScheduler(world, "one", { runs, accounts });
  await world.clock.advance(60 * MINUTE + 5 * SECOND);
  assert.equal(world.starts.length, 1);
  await assert.rejects(accounts.check(BOT, ["x"]), AccountHeldError, "it runs");
  isAway = false;
  await world.clock.advance(30 * SECOND);
  assert.deepEqual(await world.story("report", BEGIN), ["3600 succeeded"]);
  await accounts.check(BOT, ["x"]);
  await scheduler.stop();
});

Deno.test("ScheduleService releases no account of a closed run whose container is there when it begins", async () => {
  const world = await newWorld();
  await world.put("report", { schedule: "0 * * * *", berth: { accounts: ["x"] } }, { ms: 20 * SECOND });
  const before = openBook(world);
  const first = startScheduler(world, "one", { accounts: before });
  await world.clock.advance(60 * MINUTE + SECOND);
  await first.stop();
  await before[Symbol.asyncDispose]();
  const [run] = await world.records("report");
  // As another scheduler does that holds this one for gone.
  await world.runs.update(run!.id, { state: "failed", reason: "its scheduler is gone" });
  await using accounts = openBook(world);
  const second = startScheduler(world, "one", { accounts });
  await world.clock.advance(5 * SECOND);
  await assert.rejects(accounts.check(BOT, ["x"]), AccountHeldError, "it runs");
  await world.clock.advance(30 * SECOND);
  assert.deepEqual(world.engine("one").list(), []);
  await accounts.check(BOT, ["x"]);
  await second.stop();
});

Deno.test("ScheduleService releases the account of a run that ended while no process was there", async () => {
  const world = await newWorld();
  const before = openBook(world);
  await before.take({ kind: "run", id: "report@1" }, ["x"]);
  await before[Symbol.asyncDispose]();
  await using accounts = openBook(world);
  const scheduler = startScheduler(world, "one", { accounts });
  await world.clock.advance(SECOND);
  await accounts.check(BOT, ["x"]);
  await scheduler.stop();
});

for (const isCluster of [false, true]) {
  const does = isCluster ? "releases on a cluster" : "leaves on a host";
  Deno.test(`ScheduleService ${does} the account of a run whose scheduler is gone`, async () => {
    const world = await newWorld();
    const left = openBook(world, { keeper: { segment: -1, instance: "left" } });
    const at = new Date(BEGIN - 10 * MINUTE);
    const slot = at.getTime() / SECOND;
    const id = `report@${slot}`;
    await left.take({ kind: "run", id }, ["x"]);
    await left[Symbol.asyncDispose]();
    const record = { id, scheduleId: "report", slot, trigger: "schedule", state: "running" } as const;
    const more = { instance: "left", attempt: 1, seenAt: at, claimedAt: at };
    await world.runs.insert([{ ...record, ...more }], {});
    const asked: string[] = [];
    let lives = true;
    const mayLive = (lease: string) => {
      asked.push(lease);
      return Promise.resolve(lives);
    };
    await using accounts = openBook(world, isCluster ? { mayLive } : {});
    const scheduler = startScheduler(world, "one", { accounts });
    await world.clock.advance(20 * SECOND);
    assert.match((await world.story("report", BEGIN))[0]!, /failed: its scheduler left has given no sign/);
    await assert.rejects(accounts.check(BOT, ["x"]), AccountHeldError);
    lives = false;
    await world.clock.advance(20 * SECOND);
    if (isCluster) await accounts.check(BOT, ["x"]);
    else await assert.rejects(accounts.check(BOT, ["x"]), AccountHeldError);
    assert.deepEqual(new Set(asked), new Set(isCluster ? [`run/run/report/${slot}`] : []));
    await scheduler.stop();
  });
}

Deno.test("ScheduleService logs once that a run waits for an account, and starts it as soon as that is free", async () => {
  const world = await newWorld();
  await world.put("report", { schedule: "0 * * * *", berth: { accounts: ["x"] } });
  await using accounts = openBook(world, { onReleased: ({ id }) => scheduler.service.retryRun(id) });
  await accounts.take(BOT, ["x"]);
  using logs = collectLogs();
  const scheduler = startScheduler(world, "one", { accounts });
  await world.clock.advance(90 * MINUTE + SECOND);
  const said = logs.records.filter(({ rawMessage }) => rawMessage === "run not started");
  assert.equal(said.length, 1, JSON.stringify(said.map(({ properties }) => properties)));
  accounts.release(BOT);
  await world.clock.advance(100);
  assert.equal(world.starts.length, 1, "it was woken");
  await world.clock.advance(SECOND);
  assert.deepEqual(await world.story("report", BEGIN), ["3600 succeeded"]);
  await scheduler.stop();
});

Deno.test("ScheduleService lets no run of a schedule with Allow wait for an account forever", async () => {
  const world = await newWorld();
  const berth = { accounts: ["x"], concurrency_policy: "Allow" };
  await world.put("report", { schedule: "* * * * *", berth });
  await using accounts = openBook(world);
  await accounts.take(BOT, ["x"]);
  const scheduler = startScheduler(world, "one", { accounts });
  await world.clock.advance(30 * MINUTE);
  const open = (await world.records("report")).filter(({ state }) => state === "claimed");
  assert.ok(open.length > 1 && open.length < 8, `${open.length} wait`);
  assert.match(
    (await world.story("report", BEGIN))[0]!,
    /^60 failed: it could not be started: account x: held/,
  );
  await scheduler.stop();
});

for (const spansHosts of [false, true]) {
  const does = spansHosts ? "stops no run on a cluster" : "still stops a run of its own host";
  Deno.test(`ScheduleService ${does} while another process may serve the schedules`, async () => {
    const world = await newWorld();
    world.engine("one").spansHosts = spansHosts;
    const berth = { max_runtime_seconds: 5 };
    await world.put("report", { schedule: "0 * * * *", berth }, { ms: MINUTE });
    let why: string | undefined;
    const scheduler = startScheduler(world, "one", { whyIdle: () => why });
    await world.clock.advance(60 * MINUTE + SECOND);
    why = "the database to confirm that no other service has taken over";
    await world.clock.advance(10 * SECOND);
    const phase = spansHosts ? "running" : "exited";
    assert.deepEqual(world.engine("one").list().map((each) => each.phase), [phase]);
    why = undefined;
    await world.clock.advance(10 * SECOND);
    assert.match((await world.story("report", BEGIN))[0]!, /^3600 timed-out/);
    await scheduler.stop();
  });
}
