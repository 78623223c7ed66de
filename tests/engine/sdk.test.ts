/**
 * Tests the SDK in real containers: it need not be installed, it is read-only, and the bot's own packages come first.
 */
import assert from "node:assert/strict";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";

/** Runs a program that ends, and gives what it returned. */
async function returned(
  { runner, deploy }: RunnerFixture,
  files: Record<string, string>,
  input: Partial<ExecutableInput> = {},
): Promise<unknown> {
  const executable = await deploy(files, { isLongRunning: false, persistResults: false, ...input });
  const ended = await runner.startContainer(executable);
  assert.equal(ended.status, "success", JSON.stringify(ended));
  assert.ok(ended.status === "success" && ended.result);
  return JSON.parse(new TextDecoder().decode(ended.result));
}

const PYTHON = `
import berth, subprocess, sys
def main(id, config):
    child = subprocess.check_output([sys.executable, "-c", "import berth; berth.metric('child', value=1)"], text=True)
    try:
        open(berth.__file__, "a")
        writable = True
    except OSError:
        # Also for the user that owns the files.
        mounts = [line.split() for line in open("/proc/self/mountinfo")]
        writable = [at for _, _, _, _, at, options, *_ in mounts if at.startswith("/berth") and options[:2] != "ro"]
    (berth.state_dir / "position").write_text("1")
    return [berth.__file__, child, writable, berth.id == id, berth.config == config, str(berth.state_dir)]
`;

const NODE = `
const berth = require("berth");
const fs = require("node:fs");
const { execFileSync } = require("node:child_process");
module.exports = async (id, config) => {
  const child = execFileSync(process.execPath, ["-e", 'require("berth").metric("child", { value: 1 })'], {
    encoding: "utf8",
  });
  let writable = true;
  try { fs.appendFileSync(require.resolve("berth"), ""); } catch { writable = false; }
  fs.writeFileSync(berth.stateDir + "/position", "1");
  const named = await import("./module.mjs");
  return [require.resolve("berth"), child, writable, berth.id === id, named.same(berth), berth.stateDir];
};
`;

Deno.test("a bot and the processes that it starts find the SDK, and cannot change it", async () => {
  await using fixture = await RunnerFixture.open();
  const state = "/state/.the0-state";
  assert.deepEqual(await returned(fixture, { "main.py": PYTHON }), [
    "/berth/sdk/python/berth.py",
    '{"_metric": "child", "value": 1}\n',
    [],
    true,
    true,
    state,
  ]);
  const module =
    'import berth, { metric } from "berth"; export const same = (one) => one === berth && one.metric === metric;';
  const node = { runtime: "nodejs20", entrypointFiles: { bot: "main.js" } };
  assert.deepEqual(await returned(fixture, { "main.js": NODE, "module.mjs": module }, node), [
    "/node_modules/berth/berth.cjs",
    '{"_metric":"child","value":1}\n',
    false,
    true,
    true,
    state,
  ]);
});

Deno.test("a package named berth that a bot brings along takes the place of the SDK", async () => {
  await using fixture = await RunnerFixture.open();
  const python = {
    "vendor/berth/__init__.py": "OWN = 1",
    "main.py": "import berth\ndef main(id, config): return berth.OWN",
  };
  assert.equal(await returned(fixture, python), 1);
  const node = {
    "node_modules/berth/index.js": "exports.own = 1;",
    "main.mjs": 'import berth from "berth"; export default () => berth.own;',
  };
  const input = { runtime: "nodejs20", entrypointFiles: { bot: "main.mjs" } };
  assert.equal(await returned(fixture, node, input), 1);
});

Deno.test("a bot on Deno imports the SDK by its path", async () => {
  await using fixture = await RunnerFixture.open();
  const main = `
import berth, { metric } from "/berth/sdk/node/berth.mjs";
export default (id) => [berth.id === id, berth.metric === metric, berth.stopRequested];
`;
  const input = { runtime: "deno2", entrypointFiles: { bot: "main.ts" } };
  assert.deepEqual(await returned(fixture, { "main.ts": main }, input), [true, true, false]);
});
