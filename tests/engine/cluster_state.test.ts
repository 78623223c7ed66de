/**
 * The state of a bot, on the way from node to node.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { until } from "../support/until.ts";

const COUNTER = `
import os, time
def main(id, config):
    path = "/state/count"
    count = int(open(path).read()) + 1 if os.path.exists(path) else 1
    open(path, "w").write(str(count))
    print("count", count, flush=True)
    while True: time.sleep(0.1)
`;
const BOT_CONFIG = `name: counter
version: 1.0.0
author: tests
type: realtime
runtime: python3.11
entrypoints: { bot: main.py }
state: true
restart: always
`;

interface Node {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: Record<string, unknown>;
  readonly Description: { readonly Hostname: string };
}

async function keepsItsState(): Promise<void> {
  await using cluster = await ClusterFixture.open({
    nodes: 2,
    heartbeatSeconds: 1,
    env: { LEASE_SECONDS: "10" },
  });
  const folder = `${cluster.temp}/counter`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/main.py`, COUNTER);
  await Deno.writeTextFile(`${folder}/bot-config.yaml`, BOT_CONFIG);
  const run = async (...args: string[]) => {
    const { code, output } = await cluster.berth(...args);
    assert.equal(code, 0, output);
    return output;
  };
  const counts = async (count: number, times: number) =>
    await until(`count ${count}`, async () => {
      const log = await run("logs", "counter", "--tail", "50");
      return log.split(`count ${count}`).length > times;
    });
  await run("deploy", folder, "--id", "counter");
  await counts(1, 1);
  const node = async () => /on node (\S+)/.exec(await run("state", "ls", "counter"))?.[1];
  const first = await node();
  const docker = connectDocker(cluster.lab.managers[0]!);
  const nodes: Node[] = await docker.listNodes();
  const { ID, Version, Spec } = nodes.find(({ Description }) => Description.Hostname === first)!;
  const drained = { version: Version.Index, ...Spec, Availability: "drain" };
  await docker.getNode(ID).update(drained);
  await counts(2, 1);
  assert.match(
    await run("logs", "counter"),
    /state restored from snapshot \w+, made \d+ min ago; what was written on node node-\d since is not there/,
  );
  await until("another node", async () => ![undefined, first].includes(await node()));
  const [, snapshot] = /counter@(\w+)/.exec(await run("state", "snapshot", "counter")) ?? [];
  await run("state", "restore", "counter", "--empty");
  await counts(1, 2);
  await run("state", "restore", `counter@${snapshot}`);
  await counts(3, 1);
}

// The engine tests of supervisors show the same without a cluster.
if (fullOrShort(true, false)) {
  testInLab("a bot takes its state along when its node is drained", keepsItsState);
}
