/**
 * Faults that a lease has to outlast: supervisors, the database or Berth stand still or are gone, and clocks run wrong.
 * None of them lets two copies of a bot tick at a time. `supervisor_fence.test.ts` looks at one supervisor for each.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { overlaps, shortestGap, TickServer } from "../support/servers/tick_server.ts";
import { TickWaits } from "../support/tick_waits.ts";
import { pause } from "../support/until.ts";

const LEASE_SECONDS = 6;
const BOTS = Array.from({ length: 12 }, (_, index) => `bot-${index + 1}`);
const ROUNDS = 6;
const OUTAGE_MS = 60_000;
const KILLS = 20;
/** Sends a signal to the supervisors of the machine on which it runs, and prints their numbers. */
const SIGNAL_SUPERVISORS = `for process in /proc/[0-9]*; do
  tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q '^/berth-cache/programs/' || continue
  kill -$0 \${process#/proc/} && echo \${process#/proc/}
done; true`;

/** The parts of a test. */
interface Parts {
  readonly cluster: ClusterFixture;
  readonly waits: TickWaits;
}

const FAULTS: Readonly<Record<string, (parts: Parts) => Promise<void>>> = {
  "supervisors that stand still for longer than their lease": async ({ cluster, waits }) => {
    for (let round = 0; round < ROUNDS; round++) {
      const number = round % cluster.lab.nodes.length + 1;
      const untilMoved = await waits.remember(await cluster.botsOn(number));
      await signalSupervisors(cluster, number, "STOP");
      await pause(3 * LEASE_SECONDS * 1000, "their leases run out");
      await signalSupervisors(cluster, number, "CONT");
      await untilMoved();
    }
  },
  "a database that hangs for a minute": async ({ cluster, waits }) => {
    await cluster.lab.signalServer("mongo", "SIGSTOP");
    await pause(OUTAGE_MS, "the database hangs");
    const untilStarted = await waits.remember(BOTS);
    await cluster.lab.signalServer("mongo", "SIGCONT");
    await untilStarted();
  },
  "a database that is gone for a minute": async ({ cluster, waits }) => {
    await cluster.lab.signalServer("mongo", "SIGKILL");
    await pause(OUTAGE_MS, "the database is gone");
    const untilStarted = await waits.remember(BOTS);
    await cluster.lab.startServer("mongo");
    await untilStarted();
  },
  "clocks that run a tenth too fast or too slow on a node that is cut off": async ({ cluster, waits }) => {
    const { lab } = cluster;
    for (let round = 0; round < ROUNDS; round++) {
      const number = round % lab.nodes.length + 1;
      await lab.clock(number, round % 2 === 0 ? 0.9 : 1.1);
      await pause(LEASE_SECONDS * 1000, "leases are renewed by that clock");
      const untilMoved = await waits.remember(await cluster.botsOn(number));
      await (round < ROUNDS / 2 ? lab.partition(number) : lab.cutFromHub(number));
      await untilMoved();
      await lab.heal(number);
      await lab.untilComplete();
      await waits.untilAll();
    }
  },
  "a Berth that is killed at any moment of its work": async ({ cluster, waits }) => {
    const { next: random } = seededRandom(KILLS);
    for (let round = 0; round < KILLS; round++) {
      const untilReplaced = await waits.remember(BOTS.slice(0, 4));
      for (const id of BOTS.slice(0, 4)) {
        const body = await cluster.copyOf(id, id, { round });
        await cluster.client().call("putBot", { params: { id }, body });
      }
      await pause(random() * 5000, "it is killed at any moment");
      await cluster.stop("SIGKILL");
      await pause(random() * 2000, "it is gone for a while");
      await cluster.start();
      await untilReplaced();
    }
  },
};

if (fullOrShort(true, false)) {
  for (const [name, happen] of Object.entries(FAULTS)) {
    testInLab(`no bot runs twice with ${name}`, async () => {
      await using cluster = await ClusterFixture.open({
        heartbeatSeconds: 1,
        env: { LEASE_SECONDS: String(LEASE_SECONDS), BOT_MEMORY_LIMIT_MB: "64" },
      });
      await using server = await TickServer.open(cluster.lab, cluster.temp);
      const waits = new TickWaits(server, BOTS);
      await cluster.deploy(BOTS, TickServer.program(cluster.lab));
      await waits.untilAll();
      await happen({ cluster, waits });
      await waits.untilAll();
      const ticks = await server.ticks();
      console.log(`${ticks.length} ticks; from one copy to the next at least ${shortestGap(ticks)} ms`);
      assert.deepEqual(overlaps(ticks), []);
    });
  }
}

async function signalSupervisors({ lab }: ClusterFixture, number: number, signal: string): Promise<void> {
  const { stdout } = await lab.nodeCommand(number, "sh", { args: ["-c", SIGNAL_SUPERVISORS, signal] })
    .output();
  if (signal === "STOP") {
    assert.notEqual(new TextDecoder().decode(stdout).trim(), "", "no supervisor runs there");
  }
}
