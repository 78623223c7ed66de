/**
 * All bots of a cluster end together, and start again together.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { overlaps, TickServer } from "../support/servers/tick_server.ts";
import { TickWaits } from "../support/tick_waits.ts";
import { pause } from "../support/until.ts";

const LEASE_SECONDS = 10;
const ROUNDS = 3;
const BOTS = Array.from({ length: 45 }, (_, index) => `bot-${index + 1}`);

async function restartTogether() {
  await using cluster = await ClusterFixture.open({
    heartbeatSeconds: 2,
    env: { LEASE_SECONDS: String(LEASE_SECONDS), BOT_MEMORY_LIMIT_MB: "64" },
  });
  await using server = await TickServer.open(cluster.lab, cluster.temp);
  const waits = new TickWaits(server, BOTS);
  await cluster.deploy(BOTS, TickServer.program(cluster.lab, { everySeconds: 0.5, prints: true }));
  await waits.untilAll();
  for (let round = 1; round <= ROUNDS; round++) {
    const untilBack = await waits.remember(BOTS);
    cluster.process().signal("SIGSTOP");
    await pause(1000 * (LEASE_SECONDS + 2), "the leases run out");
    cluster.process().signal("SIGCONT");
    const begin = performance.now();
    const back = await untilBack();
    console.log(`round ${round}: all are back after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    await pause(3000 * LEASE_SECONDS, "leases that are not renewed run out");
    const epochs = new Map((await server.ticks()).map(({ id, epoch }) => [id, epoch]));
    const again = back.filter(({ id, epoch }) => epochs.get(id) !== epoch).map(({ id }) => id);
    assert.deepEqual(
      again,
      [],
      "these were ended once more: their renewals had to wait for other bots' starts",
    );
  }
  assert.deepEqual(overlaps(await server.ticks()), []);
}

// A unit test of `Supervisors` shows in short that a renewal does not wait for a slow database.
if (fullOrShort(true, false)) {
  testInLab("bots whose leases have run out together are back soon, and stay", restartTogether);
}
