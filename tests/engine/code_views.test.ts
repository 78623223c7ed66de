import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import type { ContainerSpec } from "../../lib/engine/container_spec.ts";
import { assembleDockerRunner } from "../../lib/runner/create_docker_runner.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { EngineError, ObjectStoreError } from "../../lib/errors.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { LARGE_FILE } from "../support/builders/large_file.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

/** Changes the files next to it, then prints what is there. */
const WRITER = `
import json, os, time
def main(id, config):
    seen = open("data/value").read()
    open("data/value", "w").write(id)
    open("data/" + id, "w").write("mine")
    os.remove("gone.txt")
    print(json.dumps([seen, sorted(os.listdir("data")), os.path.exists("gone.txt")]), flush=True)
    while True: time.sleep(1)
`;
const SMALL = { "main.py": WRITER, "data/value": "shipped", "gone.txt": "x" };
const FILES = { ...SMALL, ...LARGE_FILE };

/** Whether the bot has its code as it was packed, whatever others do to theirs. */
async function assertOwnView(runner: Runner, executable: Executable): Promise<string> {
  const { containerId } = await runner.startContainer(executable, { wait: false });
  const [line] = await linesUntil(runner, containerId, /^\[/);
  assert.deepEqual(JSON.parse(line!), ["shipped", [executable.id, "value"].sort(), false]);
  return containerId;
}

async function treesOf({ config }: RunnerFixture): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${config.tempDir}/${config.instance}/trees`));
  return entries.map(({ name }) => name);
}

async function mountedCode(containerId: string): Promise<string> {
  const args = [
    "inspect",
    containerId,
    "--format",
    '{{range .Mounts}}{{if eq .Destination "/bot"}}{{.Type}}{{end}}{{end}}',
  ];
  const { stdout } = await new Deno.Command("docker", { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function volumesOf(instance: string): Promise<string> {
  const args = ["volume", "ls", "-q", "--filter", `label=berth.instance=${instance}`];
  const { stdout } = await new Deno.Command("docker", { args }).output();
  return new TextDecoder().decode(stdout);
}

for (const [size, files] of [["small", SMALL], ["large", FILES]] as const) {
  Deno.test(`DockerRunner gives bots of one ${size} archive views of one tree, and each its own changes`, async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, config } = fixture;
    const one = await deploy(files, { id: "one" });
    const ids = [];
    for (const id of ["one", "two", "three"]) ids.push(await assertOwnView(runner, { ...one, id }));
    const trees = await treesOf(fixture);
    assert.equal(trees.length, 1);
    const shared = `${config.tempDir}/${config.instance}/trees/${trees[0]}/code`;
    assert.equal(await Deno.readTextFile(`${shared}/data/value`), "shipped");
    for (const id of ids) await runner.stopContainer(id, { graceSeconds: 0 });
    assert.equal(await volumesOf(config.instance), "", "volumes are left");
  });
}

Deno.test("DockerRunner reserves no name in the code folder, and has its script there", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code = `
def main(id, config):
    read = lambda path: open(path).read()
    return [read("/backtest/entrypoint.sh"), read("/backtest/.berth/x"), read("/berth/entrypoint.sh")[:9]]
`;
  const own = { "entrypoint.sh": "own", ".berth/x": "mine" };
  for (const [files, outer] of [[own, /^own$/], [{ ".berth/x": "mine" }, /^#!\/bin\/sh/]] as const) {
    const executable = await deploy({ "main.py": code, ...files }, { entrypoint: "backtest" });
    const ended = await runner.startContainer(executable);
    assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
    const [script, mine, runners] = JSON.parse(new TextDecoder().decode(ended.result));
    assert.match(script, outer);
    assert.deepEqual([mine, runners], ["mine", "#!/bin/sh"]);
  }
});

Deno.test("DockerRunner runs the script in the code folder as it runs its own", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code = `
import os, subprocess
def main(id, config):
    if os.environ.get("AGAIN"): print("again", flush=True)
    else: subprocess.run(["/bin/sh", "/bot/entrypoint.sh"], env={**os.environ, "AGAIN": "1"}, check=True)
`;
  const executable = await deploy({ "main.py": code }, { isLongRunning: false });
  const ended = await runner.startContainer(executable);
  assert.ok(ended.status === "success" && /^again$/m.test(ended.output), JSON.stringify(ended));
});

Deno.test("DockerRunner starts code that it has while the object store does not answer", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, store, another } = fixture;
  const executable = await deploy(FILES, { id: "one" });
  await runner.stopContainer(await assertOwnView(runner, executable), { graceSeconds: 0 });
  store.stat = () => Promise.reject(new ObjectStoreError("The store is down."));
  store.get = store.stat as never;
  for (const each of [runner, another({})]) {
    await each.stopContainer(await assertOwnView(each, executable), { graceSeconds: 0 });
  }
  const other = await deploy(FILES, { id: "two" });
  await assert.rejects(runner.startContainer(other), ObjectStoreError);
});

Deno.test("DockerRunner starts code that another process of the instance has extracted", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, another, config } = fixture;
  const other = another({});
  const run = async (by: Runner, executable: Executable) =>
    await by.stopContainer(await assertOwnView(by, executable), { graceSeconds: 0 });
  // It reads which trees there are.
  await other.superviseContainers(ALL_SEGMENTS);
  const one = await deploy(SMALL, { id: "one" });
  await run(runner, one);
  await run(other, one);
  // A loss of power may leave anything.
  for (const tree of await treesOf(fixture)) {
    await Deno.writeTextFile(`${config.tempDir}/${config.instance}/trees/${tree}/manifest.json`, "{");
  }
  await run(another({}), one);
});

for (
  const [why, variables, refuses] of [
    ["whose folder's name no mount can have", { TEMP_DIR: "," }, false],
    ["on an engine that mounts no views", {}, true],
  ] as const
) {
  Deno.test(`DockerRunner ${why} gives each bot a copy`, async () => {
    await using fixture = await RunnerFixture.open();
    const { config, deploy, store, temp } = fixture;
    const inner = new DockerodeOrchestrator(connectDocker(config.dockerHost));
    let refused = 0;
    const orchestrator = new Proxy(inner, {
      get(target, name) {
        if (name !== "createAndStart" || !refuses) {
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        }
        return (spec: ContainerSpec, options: object) => {
          if (!spec.overlays?.length) return target.createAndStart(spec, options);
          refused++;
          const words =
            "error while mounting volume '/x': failed to mount local volume: mount overlay:/x: invalid argument";
          return Promise.reject(new EngineError(`Cannot start: ${words}`, 500));
        };
      },
    });
    const tempDir = `${temp}/${variables.TEMP_DIR ?? "plain"}`;
    await using runner = assembleDockerRunner({ config: { ...config, tempDir }, store, orchestrator });
    const one = await deploy(FILES, { id: "one" });
    for (const id of ["one", "two"]) {
      const containerId = await assertOwnView(runner, { ...one, id });
      assert.equal(await mountedCode(containerId), "bind");
      await runner.stopContainer(containerId, { graceSeconds: 0 });
    }
    assert.equal(refused, refuses ? 1 : 0, "asked once");
  });
}

Deno.test("DockerRunner copies small code, which costs less than a mount", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, config } = fixture;
  const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`data/${i}`, ""]));
  for (const [files, mounted] of [[SMALL, "bind"], [{ ...SMALL, ...many }, "volume"]] as const) {
    const { containerId } = await runner.startContainer(await deploy(files), { wait: false });
    // Only root can mount overlays.
    assert.equal(await mountedCode(containerId), Deno.uid() === 0 ? mounted : "bind");
    await runner.stopContainer(containerId, { graceSeconds: 0 });
  }
  assert.equal(await volumesOf(config.instance), "");
});

Deno.test("DockerRunner mounts code without a copy where it is root", {
  ignore: Deno.uid() !== 0,
}, async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders, config } = fixture;
  const containerId = await assertOwnView(runner, await deploy(FILES, { id: "one" }));
  assert.equal(await mountedCode(containerId), "volume");
  const [folder] = await folders();
  const view = `${config.tempDir}/${config.instance}/containers/${folder}/view`;
  const changed = (await Array.fromAsync(Deno.readDir(view))).map(({ name }) => name).sort();
  assert.deepEqual(changed, ["data", "gone.txt"], "only changes take room");
  await runner.stopContainer(containerId, { graceSeconds: 0 });
});

Deno.test("DockerRunner.removeOrphans() removes the volume of a container that was removed without it", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, config } = fixture;
  const containerId = await assertOwnView(runner, await deploy(FILES, { id: "one" }));
  const { success } = await new Deno.Command("docker", { args: ["rm", "-f", containerId] }).output();
  assert.ok(success);
  assert.notEqual(await volumesOf(config.instance), "");
  await runner.removeOrphans();
  assert.equal(await volumesOf(config.instance), "");
});

Deno.test("DockerRunner runs a script whose name is packed in another Unicode form", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy(
    { "bu\u0308cher.py": "def main(id, config): return 42\n" },
    { entrypointFiles: { backtest: "bücher.py" }, entrypoint: "backtest" },
  );
  const ended = await runner.startContainer(executable);
  assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
  assert.equal(JSON.parse(new TextDecoder().decode(ended.result)), 42);
});
