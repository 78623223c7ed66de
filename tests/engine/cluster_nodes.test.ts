/**
 * Where bots run on a cluster, and how an operator empties a node.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { until } from "../support/until.ts";

const PROGRAM = `
import time
def main(id, config):
    while True: time.sleep(0.1)
`;

testInLab("a drained node hands its bots over, and a placement keeps a bot to its node", async () => {
  await using cluster = await ClusterFixture.open({ nodes: 2, heartbeatSeconds: 1 });
  const run = async (...args: string[]) => {
    const { code, output } = await cluster.berth(...args);
    assert.equal(code, 0, output);
    return output;
  };
  const nodeOf = async (id: string) => (await cluster.client().call("getBot", { params: { id } })).node;
  await cluster.deploy(["left", "right"], PROGRAM);
  await until(
    "the nodes of both",
    async () => await nodeOf("left") !== undefined && await nodeOf("right") !== undefined,
  );
  const first = (await nodeOf("left"))!;
  const other = first === "node-1" ? "node-2" : "node-1";
  assert.equal(await nodeOf("right"), other, "the Swarm spreads");
  assert.match(await run("ps"), /NODE.*\n(.*\n)*left .*node-\d/);

  const drained = await run("nodes", "drain", first);
  assert.match(drained, new RegExp(`^${first}: cordoned, 1 bot to move\\nleft: ${first} -> ${other}\\n`));
  assert.match(drained, /: 1 bot moved$/);
  assert.match(await run("nodes"), new RegExp(`${first} +ready +cordoned .* 0 +0 +0\\.0/`));
  assert.match(await run("nodes", "drain", first), /0 bots to move/, "again changes nothing");

  const folder = `${cluster.temp}/code`;
  const config = await Deno.readTextFile(`${folder}/bot-config.yaml`);
  const placement = `placement: { constraints: node.hostname==${first}, spread: node.labels.rack, ` +
    "prefer: [node.role==worker, node.role==manager] }\n";
  await Deno.writeTextFile(`${folder}/bot-config.yaml`, config + placement);
  await run("deploy", folder, "--id", "pinned", "--no-wait");
  await until("the word of the Swarm", async () => {
    const { condition } = await cluster.client().call("getBot", { params: { id: "pinned" } });
    return /^waiting for a node that can run it: no suitable node/.test(condition);
  });
  assert.match(await run("describe", "pinned"), /To do: 'berth nodes' shows the nodes/);
  const docker = connectDocker(cluster.lab.managers[0]!);
  const services = await docker.listServices();
  const pinned = services.find(({ Spec }) => Spec?.Name?.endsWith("_pinned"));
  assert.deepEqual(pinned?.Spec?.TaskTemplate?.Placement, {
    Constraints: [`node.hostname==${first}`],
    Preferences: [{ Spread: { SpreadDescriptor: "node.labels.rack" } }],
  }, "no usable node meets a wish");
  assert.match(await run("nodes", "activate", first), /takes bots again/);
  await until("the start of the pinned bot", async () => await nodeOf("pinned") === first);
});

/** A bot that takes its time to stop. */
const SLOW = `
import time
def main(id, config):
    while True: time.sleep(0.1)
def on_stop(id, config): time.sleep(1)
`;

testInLab("a drain goes on under the next leader, and a cordon stops it", async () => {
  await using cluster = await ClusterFixture.open({ nodes: 2, berths: 2, heartbeatSeconds: 1 });
  const drainOf = async (name: string, index: number) => {
    const { nodes } = await cluster.client(index).call("listNodes", {});
    return nodes.find((node) => node.name === name)!.drain!;
  };
  const leads = async (index: number) => {
    const { serving } = await cluster.client(index).call("getService", {});
    return serving.some(({ service, serves }) => service === "bots" && serves);
  };
  await until("a leader", async () => await leads(0) || await leads(1));
  const [leader, standby] = await leads(0) ? [0, 1] : [1, 0];
  await cluster.client().call("cordonNode", { params: { node: "node-2" } });
  const ids = ["a", "b", "c", "d"];
  await cluster.deploy(ids, SLOW);
  await cluster.client().call("activateNode", { params: { node: "node-2" } });

  assert.deepEqual(await cluster.running(standby), ids, "it asks the leader");
  const drain = () => cluster.client(standby).call("drainNode", { params: { node: "node-1" }, query: {} });
  const begun = await drain();
  assert.deepEqual([begun.availability, begun.bots, begun.drain!.state], ["pause", ids, "draining"]);
  assert.equal((await drain()).drain!.startedAt, begun.drain!.startedAt, "it is the same");
  await until("the first bot on the other node", async () => {
    return (await drainOf("node-1", standby)).moved.length > 0;
  });
  await cluster.stop("SIGKILL", leader);
  const left = await cluster.botsOn(1);
  assert.ok(left.length > 1, `the drain was over before the leader died: ${left.join(" ")}`);
  await until(
    "the end of the drain",
    async () => (await drainOf("node-1", standby)).state !== "draining",
    120_000,
  );
  const { state, moved, reason } = await drainOf("node-1", standby);
  assert.deepEqual([state, moved.map(({ bot }) => bot)], ["drained", ids], reason);
  assert.ok(moved.every(({ to }) => to === "node-2"));
  assert.deepEqual(await cluster.botsOn(1), []);

  const client = cluster.client(standby);
  await client.call("activateNode", { params: { node: "node-1" } });
  assert.equal(await drainOf("node-1", standby), undefined);
  await client.call("drainNode", { params: { node: "node-2" }, query: {} });
  await until("the first bot back", async () => (await drainOf("node-2", standby)).moved.length > 0);
  const cordoned = await client.call("cordonNode", { params: { node: "node-2" } });
  assert.equal(cordoned.availability, "pause");
  const stopped = await drainOf("node-2", standby);
  assert.deepEqual([stopped.state, stopped.reason], ["stopped", "local has cordoned the node"]);
  // The one under way arrives; nobody touches the rest.
  await until("all bots run", async () => (await cluster.running(standby)).length === ids.length, 60_000);
  assert.ok((await cluster.botsOn(2)).length >= 1);
  assert.equal((await drainOf("node-2", standby)).moved.length, stopped.moved.length);
});
