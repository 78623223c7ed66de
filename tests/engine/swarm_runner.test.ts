import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { SwarmOrchestrator } from "../../lib/engine/swarm/swarm_orchestrator.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { workADay } from "../support/operator_day.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { readStoredTicks } from "../support/stored_ticks.ts";
import { until } from "../support/until.ts";

async function leftOf({ lab }: ClusterFixture): Promise<string[]> {
  await using swarm = new SwarmOrchestrator(lab.managers.map(connectDocker), { labels: {} });
  const services = await swarm.listContainers({ labels: { "runtime.managed": "true" } });
  const tokens = await swarm.secrets.list({ "runtime.managed": "true" });
  return [...services.map(({ name }) => name), ...tokens.map(({ Spec }) => Spec.Name)];
}

// A day takes a minute: the next test has the beginning of it.
if (fullOrShort(true, false)) {
  testInLab("an operator works a day on a Swarm, and leaves nothing there", async () => {
    await using cluster = await ClusterFixture.open({ nodes: 1, env: { BOT_MEMORY_LIMIT_MB: "64" } });
    await workADay(cluster);
    await until("nothing is left", async () => (await leftOf(cluster)).length === 0);
  });
}

testInLab("a bot of a Swarm outlives its Berth, and moves when its node is lost", async () => {
  await using cluster = await ClusterFixture.open({ nodes: 2, env: { LEASE_SECONDS: "10" } });
  const { lab } = cluster;
  const beganAt = Date.now();
  const code = `import os, time
def main(id, config):
    print("tick", os.environ["LEASE_EPOCH"], 0, flush=True)
    while True: time.sleep(0.1)
`;
  const folder = `${cluster.temp}/mover`;
  assert.equal((await cluster.berth("init", folder)).code, 0);
  await Deno.writeTextFile(`${folder}/main.py`, code);
  const nodeOf = async () => {
    await using swarm = new SwarmOrchestrator(lab.managers.map(connectDocker), { labels: {} });
    const [bot] = await swarm.listContainers({ labels: { "runtime.id": "mover" } });
    return bot;
  };
  // The manager takes no work, so that the bot is on the node that is lost.
  assert.equal(
    (await lab.nodeCommand(1, "docker", {
      args: ["-H", lab.managers[0]!, "node", "update", "--availability", "drain", "node-1"],
      stdout: "null",
    }).output()).code,
    0,
  );
  const deployed = await cluster.berth("deploy", folder);
  assert.equal(deployed.code, 0, deployed.output);
  const before = await nodeOf();
  assert.equal(before?.nodeName, "node-2");

  // What is stored outlives the node.
  await until("its line is stored", async () => {
    const ticks = await readStoredTicks(cluster.client(), ["mover"], beganAt);
    return ticks.get("mover")!.numbers.size > 0;
  });
  await cluster.stop("SIGKILL");
  await cluster.start();
  assert.equal((await nodeOf())?.taskId, before?.taskId, "the restart of Berth did not touch it");

  await lab.nodeCommand(1, "docker", {
    args: ["-H", lab.managers[0]!, "node", "update", "--availability", "active", "node-1"],
    stdout: "null",
  }).output();
  await lab.powerOff(2);
  await until("the bot has moved", async () => {
    const now = await nodeOf();
    return now?.nodeName === "node-1" && now.phase === "running";
  }, 90_000);
  // The log may be given up a moment before the Swarm says that the node is down.
  const wanted =
    /tick 1 0[^]*its node ('node-2' is down|keeps a log that cannot be reached): [^]* is lost[^]*tick 2 0/;
  let log = "";
  await until("its log says so", async () => {
    log = (await cluster.berth("logs", "mover")).stdout;
    return wanted.test(log);
  }).catch(() => assert.match(log, wanted));

  assert.equal((await cluster.berth("remove", "mover", "--yes")).code, 0);
  await until("nothing is left", async () => (await leftOf(cluster)).length === 0);
});
