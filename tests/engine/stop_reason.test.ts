/** A program learns why it is stopped, in every language. */

import assert from "node:assert/strict";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const PYTHON = `
import time

def main(id, config):
    print("ready", flush=True)
    time.sleep(600)

def on_stop(id, config, reason):
    print("told", reason, flush=True)
`;
const NODE = `
exports.main = async () => {
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};
exports.onStop = (id, config, { reason }) => {
  console.log("told", reason);
  process.exit(143);
};
`;
const BASH = `
trap 'echo "told $(cat /berth/stop_reason)"; exit 143' TERM
echo ready
while :; do sleep 0.1; done
`;

for (
  const [runtime, script, text] of [["python3.11", "main.py", PYTHON], ["nodejs20", "main.js", NODE], [
    "bash",
    "main.sh",
    BASH,
  ]] as const
) {
  Deno.test(`a program of ${runtime} hears why it is stopped`, async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy } = fixture;
    const executable = await deploy({ [script]: text }, { runtime, entrypointFiles: { bot: script } });
    const { container } = await runner.startContainer(executable, { wait: false });
    await linesUntil(runner, container.containerId, /ready/);
    const { output } = await runner.stopContainer(container, { reason: "guard:equity" });
    assert.match(output, /^told guard:equity$/m);
  });
}
