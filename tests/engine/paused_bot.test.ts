import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { ALL_SEGMENTS, type ContainerHint } from "../../lib/runner/runner.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const CODE = `
import time
def main(id, config):
    print("ready", flush=True)
    while True: time.sleep(0.05)
def on_stop(id, config): print("asked to stop", flush=True)
`;
import { until } from "../support/until.ts";

Deno.test("a paused bot is told from a running one, hinted at, and can still be stopped", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, config } = fixture;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": CODE }));
  await linesUntil(runner, containerId, /^ready$/);
  const docker = connectDocker(config.dockerHost).getContainer(containerId);
  const hints: ContainerHint[] = [];
  const opened = Promise.withResolvers<void>();
  const end = new AbortController();
  const watching = (async () => {
    for await (const hint of runner.watch({ signal: end.signal, onOpen: opened.resolve })) hints.push(hint);
  })().catch(() => {});
  await opened.promise;
  const isPaused = async () => {
    const listed = (await runner.listManagedContainers(ALL_SEGMENTS))[0];
    const asked = await runner.getContainerStatus(containerId);
    assert.equal(listed?.isPaused, asked?.isPaused);
    return [listed?.phase, listed?.isPaused];
  };
  assert.deepEqual(await isPaused(), ["running", undefined]);
  await docker.pause();
  assert.deepEqual(await isPaused(), ["running", true]);
  await until("a hint of the pause", () => Promise.resolve(hints.length === 1));
  await docker.unpause();
  assert.deepEqual(await isPaused(), ["running", undefined]);
  await until("a hint that it goes on", () => Promise.resolve(hints.length === 2));
  await docker.pause();
  const { how, output } = await runner.stopContainer(containerId, { graceSeconds: 10 });
  assert.deepEqual([how, output.includes("asked to stop")], ["stopped", true]);
  end.abort();
  await watching;
});
