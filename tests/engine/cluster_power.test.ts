/**
 * Many bots whose node loses its power, again and again: how soon they run elsewhere, and what is left of their logs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import type { Lab } from "../../scripts/lab/lab.ts";
import type { LabNode } from "../../scripts/lab/lab_machines.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { measureLoad } from "../support/machine_load.ts";
import { overlaps, type Tick, TickServer } from "../support/servers/tick_server.ts";
import { readStoredTicks, type StoredTicks } from "../support/stored_ticks.ts";
import { TickWaits } from "../support/tick_waits.ts";
import { until } from "../support/until.ts";

const ROUNDS = fullOrShort(10, 1);
const BOTS = Array.from({ length: fullOrShort(45, 4) }, (_, index) => `bot-${index + 1}`);
/** The log may be given up a moment before the Swarm says that the node is down. */
const LOST = /^berth: its node ('node-\d' is down|keeps a log that cannot be reached): .* is lost$/;
/** The lines of each bot that are read: from this long before the cut on, in ms. */
const LINES_MS = 20_000;

/** How much of Berth's log an error has. */
const SHOWN_LINES = 1000;

/** Settings, and how long a move may take on a quiet machine: from the cut, and from the moment at which it is known. */
const CASES = [
  { heartbeatSeconds: 2, leaseSeconds: 10, moveMs: 25_000, knownMs: 20_000 },
  ...fullOrShort([{ heartbeatSeconds: 5, leaseSeconds: 30, moveMs: 45_000, knownMs: 35_000 }], []),
];

for (const { heartbeatSeconds, leaseSeconds, moveMs, knownMs } of CASES) {
  const settings = `a heartbeat of ${heartbeatSeconds} s and a lease of ${leaseSeconds} s`;
  testInLab(`${BOTS.length} bots move when a node loses power, with ${settings}`, async () => {
    await using cluster = await ClusterFixture.open({
      heartbeatSeconds,
      env: { LEASE_SECONDS: String(leaseSeconds), BOT_MEMORY_LIMIT_MB: "64" },
    });
    const { lab } = cluster;
    await using server = await TickServer.open(lab, cluster.temp);
    const waits = new TickWaits(server, BOTS);
    await cluster.deploy(BOTS, TickServer.program(lab, { everySeconds: 0.5, prints: true }));
    await waits.untilAll();
    const late: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // The first node, which leads the Swarm at first, comes last.
      const number = (round + 1) % lab.nodes.length + 1;
      const figures = await cutPower(cluster, server, waits, number).catch(async (error) => {
        throw new Error(`${error.message}\n${await explain(cluster)}`, { cause: error });
      });
      console.log(`round ${round + 1}: ${describe(figures)}`);
      // A Swarm that has lost its leader takes half a minute to find a new one and to say which node is down.
      const isLate = !figures.isLeader && figures.lastMs > moveMs;
      if (isLate || figures.lastMs - figures.downMs > knownMs) late.push(describe(figures));
      await lab.powerOn(number);
      await lab.untilComplete();
      await waits.untilAll();
      assert.deepEqual(overlaps(await server.ticks()), []);
    }
    const found = (await Promise.all(lab.nodes.map(({ number }) => cluster.botsOn(number)))).flat().sort();
    assert.deepEqual(found, [...BOTS].sort(), "each has one container");
    assert.deepEqual(fullOrShort(late, []), [], "moved too late");
  });
}

/** The effects of one power cut. Times are in ms from the cut. */
interface Figures {
  readonly node: string;
  readonly isLeader: boolean;
  readonly bots: number;
  /** When the Swarm said that the node is down. */
  readonly downMs: number;
  /** When the first bot of the node ticked elsewhere, and the last. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** When Berth said that all bots run. */
  readonly saidMs: number;
  /** The longest time from a line that is lost to the cut. */
  readonly tailMs: number;
  readonly load: string;
}

function describe(figures: Figures): string {
  const [down, first, last, said, tail] = [
    figures.downMs,
    figures.firstMs,
    figures.lastMs,
    figures.saidMs,
    figures.tailMs,
  ].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  return `${figures.node}${
    figures.isLeader ? ", the leader" : ""
  }, ${figures.bots} bots: known to be down after ` +
    `${down}, first moved ${first}, last ${last}, said by Berth ${said}; without lines: ${tail}; ${figures.load}`;
}

async function cutPower(
  cluster: ClusterFixture,
  server: TickServer,
  waits: TickWaits,
  number: number,
): Promise<Figures> {
  const { lab } = cluster;
  const lost = await cluster.botsOn(number);
  const since = Date.now() - LINES_MS;
  let before = await readStoredTicks(cluster.client(), lost, since);
  await until("lines of each bot are stored", async () => {
    before = await readStoredTicks(cluster.client(), lost, since);
    return [...before.values()].every(({ numbers }) => numbers.size > 0);
  });
  const nodes = await connectDocker(lab.node(number).dockerHost).listNodes();
  const isLeader = nodes.some(({ Description, ManagerStatus }) =>
    Description.Hostname === lab.node(number).name && ManagerStatus?.Leader
  );
  const untilMoved = await waits.remember(lost);
  const load = measureLoad();
  const offAt = Date.now();
  await lab.powerOff(number);
  const [downAt, moved] = await Promise.all([untilDown(lab, number), untilMoved()]);
  await until(
    "Berth says that all run",
    async () => (await cluster.running()).length === BOTS.length,
    120_000,
  );
  const times = moved.map(({ at }) => at - offAt);
  return {
    node: lab.node(number).name,
    isLeader,
    bots: lost.length,
    downMs: downAt - offAt,
    firstMs: Math.min(...times),
    lastMs: Math.max(...times),
    saidMs: Date.now() - offAt,
    load: load(),
    tailMs: await checkLines(cluster, before, { since, offAt, ticks: await server.ticks() }),
  };
}

/** Shows the state of the bots, and the end of Berth's log. @param cluster The cluster. */
async function explain(cluster: ClusterFixture): Promise<string> {
  const { output } = await cluster.berth("ps");
  return [output, ...cluster.process().lines.slice(-SHOWN_LINES)].join("\n");
}

/** Waits until a manager that is left says that a node is down. @returns When, in ms since 1970. */
async function untilDown(lab: Lab, number: number): Promise<number> {
  const done = new AbortController();
  const ask = async ({ dockerHost }: LabNode) => {
    const docker = connectDocker(dockerHost);
    await until("the end of the node", async () => {
      const nodes = await docker.listNodes().catch(() => []);
      return done.signal.aborted ||
        nodes.some(({ Description, Status }) =>
          Description.Hostname === lab.node(number).name && Status.State === "down"
        );
    }, 120_000);
    return Date.now();
  };
  const others = lab.nodes.filter((node) => node.number !== number);
  try {
    return await Promise.any(others.map(ask));
  } finally {
    done.abort();
  }
}

/**
 * Checks that all that was stored of lost copies still is, that nothing is missing in between or there twice, and that
 * the log says what happened.
 *
 * @returns The longest time from a line that is lost to the cut, in ms.
 */
async function checkLines(
  cluster: ClusterFixture,
  before: ReadonlyMap<string, StoredTicks>,
  { since, offAt, ticks }: {
    readonly since: number;
    readonly offAt: number;
    readonly ticks: readonly Tick[];
  },
): Promise<number> {
  const bots = [...before.keys()];
  let after = before;
  await until("the log of each bot says what was lost", async () => {
    after = await readStoredTicks(cluster.client(), bots, since);
    return [...after.values()].every(({ remarks }) => remarks.some((remark) => LOST.test(remark)));
  });
  const latest = ticks.filter(({ at }) => at > since && at <= offAt);
  return Math.max(...bots.map((id) => {
    const epoch = Math.max(...before.get(id)!.numbers.keys());
    const kept = after.get(id)!.numbers.get(epoch)!;
    assert.deepEqual(kept, kept.map((_, index) => kept[0]! + index), `lines of ${id}, each once`);
    assert.ok(kept.at(-1)! >= before.get(id)!.numbers.get(epoch)!.at(-1)!, `${id} keeps what was stored`);
    const missing = kept.at(-1)! + 1;
    const first = latest.find((tick) => tick.id === id && tick.epoch === epoch && tick.number === missing);
    return first ? offAt - first.at : 0;
  }));
}
