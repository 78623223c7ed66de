/**
 * Nodes of a Swarm that cannot make a container, or not start it: nothing ran, and Berth says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Run } from "../../services/contract/runs.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { until } from "../support/until.ts";

/** A run ends at once, and well; a bot runs on. */
const PROGRAM = `import os, time
def main(id, config):
    while not os.environ.get("SLOT"): time.sleep(0.1)
`;
const BOT = "careful";
const SCHEDULE = "daily";

testInLab(
  "a container that a node cannot make or start counts as failed, whatever the Swarm's exit code",
  async () => {
    await using cluster = await ClusterFixture.open({ nodes: 1, env: { BOT_MEMORY_LIMIT_MB: "64" } });
    const client = cluster.client();
    await cluster.deploy([BOT], PROGRAM);
    const bot = await cluster.copyOf(BOT, BOT, { berth: { restart: "on-failure" } });
    const schedule = await cluster.copyOf(BOT, SCHEDULE, { schedule: "0 0 29 2 *" });
    await client.call("putSchedule", { params: { id: SCHEDULE }, body: schedule });
    const remove = async () => {
      await client.call("deleteBot", { params: { id: BOT } });
      await until(
        "its service is gone",
        async () => await docker(cluster, "service", "ls", "--quiet") === "",
      );
      await until("the containers are gone", async () => {
        await docker(cluster, "container", "prune", "--force");
        return await docker(cluster, "container", "ls", "--all", "--quiet") === "";
      });
    };
    await remove();

    // Every container has this volume.
    const volume = `berth-cache-${cluster.env.BERTH_INSTANCE}`;
    // A node may still begin a container of a service that has just been removed.
    const removeVolume = () =>
      until("the volume is in use no more", async () => {
        await docker(cluster, "container", "prune", "--force");
        return await docker(cluster, "volume", "rm", volume).then(() => true, () => false);
      });
    await removeVolume();
    const place = `${await docker(cluster, "info", "--format", "{{.DockerRootDir}}")}/volumes/${volume}`;
    const nowhere = ["--opt", "type=none", "--opt", "o=bind", "--opt", "device=/nowhere"];
    const faults = [
      // The engine cannot make the container.
      { begin: () => Deno.writeTextFile(place, ""), end: () => Deno.remove(place) },
      // It makes the container, and cannot start it: the Swarm's exit code is that of the engine then.
      {
        begin: () => docker(cluster, "volume", "create", ...nowhere, volume),
        end: removeVolume,
      },
    ];
    for (const { begin, end } of faults) {
      await begin();
      const why = new RegExp(`exit code unknown: .*(${volume}|nowhere)`);
      const refused = await runOnce(cluster);
      assert.equal(refused.state, "failed", JSON.stringify(refused));
      assert.match(refused.reason ?? "", why);
      assert.equal(refused.exitCode, undefined);
      await client.call("putBot", { params: { id: BOT }, body: bot });
      let condition = "";
      await until("the bot backs off", async () => {
        const bot = await client.call("getBot", { params: { id: BOT } });
        condition = bot.condition;
        return bot.state === "backing-off";
      });
      assert.match(condition, why);
      await remove();
      await end();
    }
    const { state, exitCode } = await runOnce(cluster);
    assert.deepEqual([state, exitCode], ["succeeded", 0]);
  },
);

/** Starts a run of the schedule, and waits. @returns The record at its end. */
async function runOnce(cluster: ClusterFixture): Promise<Run> {
  const client = cluster.client();
  const { id } = await client.call("runSchedule", { params: { id: SCHEDULE } });
  let run: Run | undefined;
  await until("the end of the run", async () => {
    const { runs } = await client.call("listScheduleRuns", { params: { id: SCHEDULE }, query: {} });
    run = runs.find((each) => each.id === id);
    return run !== undefined && run.state !== "claimed" && run.state !== "running";
  }, 60_000);
  return run!;
}

/** Asks the engine of the node. @returns The output of the command. */
async function docker({ lab }: ClusterFixture, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await lab.nodeCommand(1, "docker", {
    args: ["-H", lab.node(1).dockerHost, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assert.ok(success, `docker ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}
