import assert from "node:assert/strict";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { overlaps, TickServer } from "../support/servers/tick_server.ts";
import { TickWaits } from "../support/tick_waits.ts";
import { pause } from "../support/until.ts";

const LEASE_SECONDS = "6";
const BOTS = ids(fullOrShort(12, 3));

testInLab("a bot whose node is cut off or loses power moves, and never runs twice", async () => {
  await using cluster = await ClusterFixture.open({ heartbeatSeconds: 1, env: { LEASE_SECONDS } });
  const { lab } = cluster;
  await using server = await TickServer.open(lab, cluster.temp);
  const waits = new TickWaits(server, BOTS);
  await cluster.deploy(BOTS, TickServer.program(lab));
  await waits.untilAll();

  for (let round = 0; round < fullOrShort(20, 1); round++) {
    // The first node, which leads the Swarm at first, comes last.
    const number = (round + 1) % lab.nodes.length + 1;
    const [cut, seconds] = [round % 2 === 0, fullOrShort(5 + Math.round(115 * (round / 19)), 12)];
    await (cut ? lab.partition(number) : lab.cutFromHub(number));
    const untilMoved = await waits.remember(await cluster.botsOn(number));
    const cutOff = pause(seconds * 1000, "the node is cut off for as long");
    // A shorter cut may be over before another copy may start.
    if (seconds > 10) await untilMoved();
    await cutOff;
    await lab.heal(number);
    await lab.untilComplete();
    await waits.untilAll();
  }
  for (let round = 0; round < fullOrShort(3, 1); round++) {
    const number = (round + 2) % lab.nodes.length + 1;
    const untilMoved = await waits.remember(await cluster.botsOn(number));
    await lab.powerOff(number);
    await untilMoved();
    await lab.powerOn(number);
    await lab.untilComplete();
    await waits.untilAll();
  }
  assert.deepEqual(overlaps(await server.ticks()), []);
});

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `bot-${index + 1}`);
}
