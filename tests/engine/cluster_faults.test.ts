import assert from "node:assert/strict";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { overlaps, TickServer } from "../support/servers/tick_server.ts";
import { pause, until } from "../support/until.ts";

const LEASE_SECONDS = "6";
const BOTS = ids(fullOrShort(12, 3));
/** On a busy machine; a Swarm that loses its leader takes half a minute by itself. */
const MOVE_LIMIT_MS = 120_000;

testInLab("a bot whose node is cut off or loses power moves, and never runs twice", async () => {
  await using cluster = await ClusterFixture.open({ heartbeatSeconds: 1, env: { LEASE_SECONDS } });
  const { lab } = cluster;
  await using server = await TickServer.open(lab, cluster.temp);
  await cluster.deploy(BOTS, TickServer.program(lab));
  await untilTicksFromAll(server);

  for (let round = 0; round < fullOrShort(20, 1); round++) {
    // The first node, which leads the Swarm at first, comes last.
    const number = (round + 1) % lab.nodes.length + 1;
    const [cut, seconds] = [round % 2 === 0, fullOrShort(5 + Math.round(115 * (round / 19)), 12)];
    await (cut ? lab.partition(number) : lab.cutFromHub(number));
    const moved = await cluster.botsOn(number);
    const cutOff = pause(seconds * 1000, "the node is cut off for as long");
    // A shorter cut may be over before another copy may start.
    if (seconds > 10) await untilTicksOfLaterEpochs(server, moved);
    await cutOff;
    await lab.heal(number);
    await lab.untilComplete();
    await untilTicksFromAll(server);
  }
  for (let round = 0; round < fullOrShort(3, 1); round++) {
    const number = (round + 2) % lab.nodes.length + 1;
    const lost = await cluster.botsOn(number);
    await lab.powerOff(number);
    await untilTicksOfLaterEpochs(server, lost);
    await lab.powerOn(number);
    await lab.untilComplete();
    await untilTicksFromAll(server);
  }
  assert.deepEqual(overlaps(await server.ticks()), []);
});

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `bot-${index + 1}`);
}

/** Waits until each of these bots ticks from a later epoch than any of its ticks so far. */
async function untilTicksOfLaterEpochs(server: TickServer, bots: readonly string[]): Promise<void> {
  const before = latestEpochs(await server.ticks());
  await until(`the move of ${bots.join(", ")}`, async () => {
    const now = latestEpochs(await server.ticks());
    return bots.every((id) => (now.get(id) ?? 0) > (before.get(id) ?? 0));
  }, MOVE_LIMIT_MS);
}

/** Waits until every bot ticks. */
async function untilTicksFromAll(server: TickServer): Promise<void> {
  const since = Date.now();
  await until("ticks from all bots", async () => {
    const seen = new Set((await server.ticks()).filter(({ at }) => at > since).map(({ id }) => id));
    return BOTS.every((id) => seen.has(id));
  }, MOVE_LIMIT_MS);
}

function latestEpochs(ticks: Awaited<ReturnType<TickServer["ticks"]>>): Map<string, number> {
  return new Map(ticks.map(({ id, epoch }) => [id, epoch]));
}
