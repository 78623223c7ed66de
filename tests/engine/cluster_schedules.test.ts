/**
 * Schedules on a Swarm whose nodes lose their power one after another: no slot is left out, repeated or silent.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Limiter } from "../../lib/util/limiter.ts";
import type { Run } from "../../services/contract/runs.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { measureLoad } from "../support/machine_load.ts";
import { type Tick, TickServer } from "../support/servers/tick_server.ts";
import { pause, until } from "../support/until.ts";

/** Each schedule has a slot a minute, for this many minutes; a node loses its power in each of them. */
const MINUTES = fullOrShort(10, 1);
const SCHEDULES = fullOrShort(100, 12);
/** From one schedule's slot to the next one's, in ms. */
const APART_MS = fullOrShort(600, 1000);
/** From now to the first slot, in ms: all schedules are known by then. */
const AHEAD_MS = fullOrShort(45_000, 5_000);
/** From the first slot of a minute to the power cut, and from there to the return of the node, in ms. */
const CUT_AFTER_MS = fullOrShort(15_000, 5_000);
const OFF_MS = fullOrShort(20_000, 0);
const MINUTE_MS = 60_000;
const TICKS = 10;
const LIMIT_MS = 180_000;

testInLab(`each of ${SCHEDULES * MINUTES} slots has one record while nodes lose power`, async () => {
  await using cluster = await ClusterFixture.open({
    heartbeatSeconds: 1,
    env: { LEASE_SECONDS: "10", BOT_MEMORY_LIMIT_MB: "64" },
  });
  const { lab } = cluster;
  await using server = await TickServer.open(lab, cluster.temp);
  await cluster.deploy(["seed"], TickServer.program(lab, { ofRun: TICKS, everySeconds: 0.2 }));
  const slots = await putSchedules(cluster);
  const begin = slots.get("schedule-0")![0]!.getTime();

  for (let minute = 0; minute < MINUTES; minute++) {
    const number = (minute + 1) % lab.nodes.length + 1;
    await pause(begin + minute * MINUTE_MS + CUT_AFTER_MS - Date.now(), "runs begin and end");
    const load = measureLoad();
    await lab.powerOff(number);
    await pause(OFF_MS, "the node is off");
    await lab.powerOn(number);
    await lab.untilComplete();
    console.log(`minute ${minute + 1}: ${lab.node(number).name} was off; ${load()}`);
  }
  const states: Record<string, number> = {};
  for (const [id, times] of slots) {
    const records = await untilOver(cluster, id, times.length);
    assert.deepEqual(records.map(({ slot }) => new Date(slot)), times, `${id} has each slot once`);
    for (const record of records) {
      states[record.state] = (states[record.state] ?? 0) + 1;
      check(record, (await server.ticks()).filter((tick) => isOf(tick, record)));
    }
  }
  console.log(states);
  const { runs } = await cluster.client().call("listRuns", { query: { limit: 1000 } });
  assert.equal(runs.length, Math.min(1000, SCHEDULES * MINUTES), "nothing else is in the ledger");
});

/** Makes the schedules. @returns The slots of each, the first one first. */
async function putSchedules(cluster: ClusterFixture): Promise<Map<string, Date[]>> {
  const begin = Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000;
  const document = await cluster.copyOf("seed", "seed");
  const slots = new Map<string, Date[]>();
  const writes = new Limiter(8);
  await Promise.all(Array.from({ length: SCHEDULES }, async (_, index) => {
    const first = Math.floor((begin + index * APART_MS) / 1000) * 1000;
    const times = Array.from({ length: MINUTES }, (_, minute) => new Date(first + minute * MINUTE_MS));
    const minutes = times.map((time) => time.getUTCMinutes()).join(",");
    const config = {
      ...document.config as Record<string, unknown>,
      schedule: `${times[0]!.getUTCSeconds()} ${minutes} * * * *`,
    };
    const id = `schedule-${index}`;
    slots.set(id, times);
    const body = { ...document, id, config };
    await writes.run(() => cluster.client().call("putSchedule", { params: { id }, body }));
  }));
  assert.ok(Date.now() < begin, "all schedules are there before the first slot");
  return slots;
}

/** Waits until a schedule has this many records, and all are final. @returns The records, the earliest slot first. */
async function untilOver(cluster: ClusterFixture, id: string, count: number): Promise<Run[]> {
  let runs: Run[] = [];
  await until(`the end of all runs of ${id}`, async () => {
    ({ runs } = await cluster.client().call("listScheduleRuns", { params: { id }, query: { limit: 1000 } }));
    return runs.length >= count && runs.every(isOver);
  }, LIMIT_MS).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(runs.filter((run) => !isOver(run)))}`);
  });
  return runs.reverse();
}

/** Checks that a record tells what the program did. */
function check(record: Run, ticks: readonly Tick[]): void {
  const numbers = ticks.map(({ number }) => number);
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1), `${record.id} ran once at most`);
  if (record.state === "succeeded") return assert.equal(numbers.length, TICKS, record.id);
  assert.ok(record.reason, `${record.id} says why it is ${record.state}`);
  if (record.state === "skipped") assert.deepEqual(numbers, [], record.id);
}

function isOf({ id, slot }: Tick, record: Run): boolean {
  return id === record.scheduleId && slot !== undefined && Date.parse(slot) === Date.parse(record.slot);
}

function isOver({ state }: Run): boolean {
  return state !== "claimed" && state !== "running";
}
