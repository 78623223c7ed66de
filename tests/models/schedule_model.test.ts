/**
 * Schedulers that are killed: at every single call from claim to record, and at random, two of them on one ledger with
 * clocks that differ.
 */

import assert from "node:assert/strict";
import { parseCronSchedule } from "../../services/cron/cron_schedule.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { type ModelScheduler, startScheduler, World } from "../support/schedule_model.ts";
import { seededRandom } from "../support/seeded_random.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const SECOND = 1000;

/** Asserts the invariants of a schedule at the end, whatever happened. */
async function assertAccounted(
  world: World,
  id: string,
  expression: string,
  until: number,
): Promise<RunRecord[]> {
  const records = (await world.records(id)).filter(({ trigger }) => trigger !== "manual");
  const parsed = parseCronSchedule(expression);
  assert.ok("schedule" in parsed);
  const slots: number[] = [];
  const first = parsed.schedule.next(Date.parse(NOW) / 1000 | 0)!;
  for (let slot = first; slot <= until; slot = parsed.schedule.next(slot)!) slots.push(slot);
  assert.deepEqual(records.map(({ slot }) => slot), slots, `${id}: every slot has one record`);
  for (const record of records) {
    assert.ok(!["claimed", "running"].includes(record.state), `${record.id} is still ${record.state}`);
    const starts = world.starts.filter(({ name }) => name.endsWith(`_${id}_${record.slot}`));
    // Started once, or there is an honest word why not.
    if (record.state === "succeeded") assert.equal(starts.length, 1, record.id);
    else assert.ok(record.reason, record.id);
    if (record.state === "skipped") assert.equal(starts.length, 0, record.id);
    for (const { startedAt } of starts) {
      assert.ok(startedAt >= (record.slot - 2) * 1000, `${record.id} was started before its slot`);
    }
  }
  assert.equal(new Set(world.starts.map(({ name }) => name)).size, world.starts.length, "nothing ran twice");
  return records;
}

/** One slot with one retry: everything between a claim and the end of its record happens. */
async function killedAt(
  call: number,
  when: "before" | "after",
): Promise<{ calls: string[]; isKilled: boolean }> {
  const world = await new World(NOW).open();
  await world.put("one", { schedule: "5 0 0 1 3 *", berth: { retries: 1 } }, {
    ms: 8 * SECOND,
    exitCodes: [1, 0],
  });
  const first = startScheduler(world, "a", { killAt: { call, when } });
  await world.clock.advance(40 * SECOND);
  const { isDead, calls } = first;
  const what = `killed ${when} call ${call}, ${calls[call - 1]}`;
  const second = isDead ? startScheduler(world, "a") : first;
  await world.clock.advance(60 * SECOND);
  const [record, ...more] = await world.records("one");
  assert.deepEqual(
    [more.length, record?.state, record?.attempt],
    [0, "succeeded", 2],
    `${what}: ${record?.reason}`,
  );
  assert.deepEqual(world.starts.map(({ name }) => name), [
    `berth_a_run_one_${record!.slot}`,
    `berth_a_run_one_${record!.slot}-r2`,
  ], what);
  assert.deepEqual(world.engine("a").list(), [], what);
  assert.deepEqual(world.broken, [], what);
  await second.stop();
  return { calls, isKilled: isDead };
}

Deno.test("a scheduler that is killed at any call from claim to record leaves one run of each attempt, and no container", async () => {
  const { calls } = await killedAt(Infinity, "before");
  const from = calls.indexOf("runs.insert");
  const to = calls.lastIndexOf("runner.removeContainer") + 3;
  assert.ok(from > 0 && to - from > 25 && to < calls.length, `${from} ${to}`);
  for (let call = from; call <= to; call++) {
    for (const when of ["before", "after"] as const) {
      const { isKilled } = await killedAt(call, when);
      assert.ok(isKilled, `call ${call}`);
    }
  }
});

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`two schedulers on one ledger, killed at random, account for every slot once (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const world = await new World(NOW).open();
    const schedules = new Map<string, string>();
    for (let index = 0; index < 12; index++) {
      const expression = random.pick(["*/10 * * * * *", "*/5 * * * * *", "* * * * *", "*/7 * * * * *"]);
      const policy = random.pick(["Forbid", "Forbid", "Replace"]);
      const id = `s${index}-${policy}`;
      schedules.set(id, expression);
      await world.put(id, { schedule: expression, berth: { concurrency_policy: policy } }, {
        ms: random.below(12 * SECOND),
      });
    }
    const names = ["a", "b"];
    const retention = { maxRecords: 10_000, maxAgeMs: 1e12 };
    const start = (name: string) =>
      startScheduler(world, name, {
        retention,
        aheadMs: name === "b" ? 2000 : 0,
        maxConcurrentRuns: 4,
        killAt: { call: 50 + random.below(3000), when: random.pick(["before", "after"]) },
      });
    const running = new Map<string, ModelScheduler>(names.map((name) => [name, start(name)]));
    let kills = 0;
    for (let step = 0; step < 120; step++) {
      await world.clock.advance(random.below(4 * SECOND));
      const name = random.pick(names);
      const scheduler = running.get(name);
      if (!scheduler || scheduler.isDead) {
        running.set(name, start(name));
        kills++;
      } else if (random.next() < 0.1) scheduler.kill();
      world.engine(name).isSilent = random.next() < 0.3;
    }
    // No new slots; what is open comes to its end.
    const until = Math.floor(world.clock.now() / 1000) - 1;
    for (const id of schedules.keys()) await world.put(id, { schedule: "0 0 1 1 *" });
    for (const name of names) {
      running.get(name)!.kill();
      world.engine(name).isSilent = false;
      running.set(name, startScheduler(world, name, { retention, maxConcurrentRuns: 4 }));
    }
    await world.clock.advance(60 * SECOND);
    let ran = 0;
    for (const [id, expression] of schedules) {
      const records = (await world.records(id)).filter(({ slot }) => slot > until);
      for (const { id } of records) world.database.prepare("DELETE FROM runs WHERE id = ?").run(id);
      const kept = await assertAccountedUpTo(world, id, expression, until);
      ran += kept.filter(({ state }) => state === "succeeded").length;
    }
    assert.ok(ran > 100 && kills > 3, `${ran} ran, ${kills} kills`);
    assert.deepEqual(world.overlaps(), [], "no two runs of one schedule at once");
    for (const name of names) {
      assert.deepEqual(world.engine(name).list(), [], "no container is left");
      await running.get(name)!.stop();
    }
    assert.deepEqual(world.broken, []);
  });
}

/** The last slots may be owed when the schedules are changed: what was owed then is owed no more. */
async function assertAccountedUpTo(world: World, id: string, expression: string, until: number) {
  const last = (await world.records(id)).at(-1)!.slot;
  assert.ok(until - last <= 120, `${id}: the last record is ${until - last} s old`);
  return await assertAccounted(world, id, expression, last);
}
