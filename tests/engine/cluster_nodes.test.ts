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
