/**
 * Three Berths on a Swarm, the leader of which is killed again and again while it has work to do. Several Berths on one
 * engine is in `several_berths.test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ApiClient } from "../../cli/client/api_client.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { measureLoad } from "../support/machine_load.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { overlaps, TickServer } from "../support/servers/tick_server.ts";
import { TickWaits } from "../support/tick_waits.ts";
import { pause, until } from "../support/until.ts";

const KILLS = 20;
const TAKE_OVER_MS = 10_000;
const BOTS = Array.from({ length: 8 }, (_, index) => `bot-${index + 1}`);
/** Bots that get new documents, and those that are disabled and enabled; nothing happens to the others. */
const DEPLOYED = BOTS.slice(0, 3);
const TOGGLED = BOTS.slice(3, 6);
const UNCHANGED = BOTS.slice(6);
const SERVICES = ["bots", "schedules"];
/** From the making of a schedule to its only slot, in ms: it mostly comes while nobody leads. */
const AHEAD_MS = 3_000;
const LIMIT_MS = 120_000;

async function followLeaders(): Promise<void> {
  await using cluster = await ClusterFixture.open({
    berths: 3,
    env: { LEASE_SECONDS: "10", BOT_MEMORY_LIMIT_MB: "64" },
  });
  await using server = await TickServer.open(cluster.lab, cluster.temp);
  const waits = new TickWaits(server, BOTS);
  await cluster.deploy(BOTS, TickServer.program(cluster.lab, { ofRun: 30 }));
  await waits.untilAll();
  const slots = new Map<string, Date>();
  const times = await killLeaders(cluster, slots);

  for (const id of TOGGLED) await cluster.client().call("enableBot", { params: { id } });
  await until("all bots run", async () => (await cluster.running()).length === BOTS.length, LIMIT_MS);
  await waits.untilAll();
  for (const [id, slot] of slots) await checkRun(cluster, id, slot);
  const { runs } = await cluster.client().call("listRuns", { query: { limit: 1000 } });
  assert.equal(runs.length, slots.size, "nothing else is in the ledger");
  const ticks = await server.ticks();
  const begun = ticks.filter(({ slot, number }) => slot !== undefined && number === 1);
  assert.deepEqual(begun.map(({ id }) => id).sort(), [...slots.keys()].sort(), "each run began once");
  const ofBots = ticks.filter(({ slot }) => slot === undefined);
  assert.deepEqual(overlaps(ofBots), []);
  const moved = ofBots.filter(({ id, epoch }) => UNCHANGED.includes(id) && epoch > 1).map(({ id }) => id);
  assert.deepEqual([...new Set(moved)], [], "bots that nobody changed run on");
  const found = (await Promise.all(cluster.lab.nodes.map(({ number }) => cluster.botsOn(number)))).flat();
  assert.deepEqual(found.sort(), [...BOTS].sort(), "each has one container");
  const slowest = Math.max(...times);
  assert.ok(slowest < TAKE_OVER_MS, `the slowest take-over took ${slowest} ms`);
}

/** Waits until a run is over, and checks its only record. */
async function checkRun(cluster: ClusterFixture, id: string, slot: Date): Promise<void> {
  const records = async () =>
    (await cluster.client().call("listScheduleRuns", { params: { id }, query: {} })).runs;
  await until(`the run of ${id} is over`, async () => {
    const [run] = await records();
    return run !== undefined && run.state !== "claimed" && run.state !== "running";
  }, LIMIT_MS).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await records())}`);
  });
  const found = (await records()).map(({ slot, state, attempt }) => ({
    slot: new Date(slot),
    state,
    attempt,
  }));
  assert.deepEqual(found, [{ slot, state: "succeeded", attempt: 1 }], id);
}

/** Makes a schedule of one slot. @returns The slot. */
async function putSchedule(cluster: ClusterFixture, client: ApiClient, id: string): Promise<Date> {
  const at = new Date(Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000);
  const [day, time] = at.toISOString().split(/[T.]/);
  const [, month, date] = day!.split("-").map(Number);
  const schedule = `${time!.split(":").reverse().map(Number).join(" ")} ${date} ${month} *`;
  const body = await cluster.copyOf(BOTS[0]!, id, { schedule }, client);
  await client.call("putSchedule", { params: { id }, body });
  return at;
}

/** Kills the leader. @returns How long each take-over took, in ms. */
async function killLeaders(cluster: ClusterFixture, slots: Map<string, Date>): Promise<number[]> {
  const { next: random } = seededRandom(KILLS);
  const times: number[] = [];
  for (let round = 0; round < KILLS; round++) {
    // The two services may have different leaders.
    const leaders = await leadersOf(cluster, [0, 1, 2]);
    const dying = leaders[round % SERVICES.length]!;
    const others = [0, 1, 2].filter((index) => index !== dying);
    const client = cluster.client(others[round % others.length]);
    const load = measureLoad();
    slots.set(`run-${round}`, await putSchedule(cluster, client, `run-${round}`));
    const acts = DEPLOYED.map((id) => deploy(cluster, client, id, round));
    acts.push(client.call("disableBot", { params: { id: TOGGLED[round % 3]! } }));
    acts.push(client.call("enableBot", { params: { id: TOGGLED[(round + 2) % 3]! } }));
    await pause(random() * 4000, "it is killed at any moment of them");
    await cluster.stop("SIGKILL", dying);
    const killedAt = performance.now();
    const heirs = await leadersOf(cluster, others);
    times.push(performance.now() - killedAt);
    await Promise.all(acts);
    console.log(
      `round ${round + 1}: Berth ${dying} led ${SERVICES.filter((_, index) => leaders[index] === dying)}; ` +
        `${heirs} lead after ${Math.round(times.at(-1)!)} ms; ${load()}`,
    );
    await cluster.start(dying);
  }
  return times;
}

/** Waits until each service has a leader among some Berths. @returns Which one leads each. */
async function leadersOf(cluster: ClusterFixture, berths: readonly number[]): Promise<number[]> {
  let leaders: (number | undefined)[] = [];
  await until(`one of ${berths} leads each service`, async () => {
    const led = await Promise.all(berths.map((index) =>
      cluster.client(index).call("getService", {}).then(
        ({ serving }) => serving.flatMap(({ service, serves }) => serves ? [service as string] : []),
        (): string[] => [],
      )
    ));
    leaders = SERVICES.map((name) => berths[led.findIndex((names) => names.includes(name))]);
    return !leaders.includes(undefined);
  }, LIMIT_MS);
  return leaders as number[];
}

async function deploy(
  cluster: ClusterFixture,
  client: ApiClient,
  id: string,
  round: number,
): Promise<unknown> {
  return await client.call("putBot", {
    params: { id },
    body: await cluster.copyOf(id, id, { round }, client),
  });
}

if (fullOrShort(true, false)) {
  testInLab(`the leader of three Berths of a Swarm is killed ${KILLS} times`, followLeaders);
}
