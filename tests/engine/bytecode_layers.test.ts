import assert from "node:assert/strict";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const MAIN = `
import importlib.util, json, os, time
def main(id, config):
    import big, pkg.part
    found = [os.path.exists(importlib.util.cache_from_source(module.__file__)) for module in (big, pkg.part)]
    open("pkg/written", "w").write("beside the code")
    print(json.dumps([found, big.LAST]), flush=True)
    while True: time.sleep(1)
`;
import { until } from "../support/until.ts";
/** Large enough to be compiled ahead. */
const BIG = `${Array.from({ length: 60_000 }, (_, i) => `V${i} = [${i}, "value"]`).join("\n")}\nLAST = 1\n`;
const FILES = { "main.py": MAIN, "big.py": BIG, "pkg/part.py": "X = 1\n", "broken.py": "def (\n" };

/** Reads the bytecode that a bot finds. */
async function compiled(runner: Runner, executable: Executable): Promise<unknown> {
  const { containerId } = await runner.startContainer(executable, { wait: false });
  try {
    const lines = await linesUntil(runner, containerId, /^\[\[/);
    return JSON.parse(lines.at(-1)!);
  } finally {
    await runner.stopContainer(containerId, { graceSeconds: 0 });
  }
}

async function layersOf({ config }: RunnerFixture): Promise<string[]> {
  const trees = `${config.tempDir}/${config.instance}/trees`;
  const layers = [];
  for await (const { name: tree } of Deno.readDir(trees)) {
    for await (const { name } of Deno.readDir(`${trees}/${tree}`)) {
      if (name.startsWith("bytecode-")) layers.push(`${trees}/${tree}/${name}`);
    }
  }
  return layers;
}

Deno.test("DockerRunner.prepare() compiles large code, once for all that have the same source", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const one = await deploy(FILES, { id: "one" });
  await runner.prepare(one);
  assert.deepEqual(await compiled(runner, one), [[true, true], 1]);
  const [first] = await layersOf(fixture);
  const names = (await Array.fromAsync(Deno.readDir(`${first}/__pycache__`))).map(({ name }) => name);
  assert.deepEqual(
    names.map((name) => name.split(".")[0]).sort(),
    ["big", "main"],
    "what is broken is left out",
  );
  // Another line of main.py: too little to be compiled, and the rest is there.
  const two = await deploy({ ...FILES, "main.py": `# changed\n${MAIN}` }, { id: "two" });
  await runner.prepare(two);
  assert.deepEqual(await compiled(runner, two), [[true, true], 1]);
  const inodes = await Promise.all((await layersOf(fixture)).map(async (layer) => {
    const [big] = (await Array.fromAsync(Deno.readDir(`${layer}/__pycache__`))).filter(({ name }) =>
      /^big/.test(name)
    );
    return (await Deno.stat(`${layer}/__pycache__/${big!.name}`)).ino;
  }));
  assert.deepEqual(new Set(inodes).size, 1, "linked");
  assert.equal(inodes.length, 2);
  // A changed source is not taken for the one that was compiled, though its size and time are the same.
  const three = await deploy({ ...FILES, "big.py": BIG.replace("LAST = 1", "LAST = 2") }, { id: "three" });
  await runner.prepare(three);
  assert.deepEqual(await compiled(runner, three), [[true, true], 2]);
});

Deno.test("DockerRunner does not wait at a start for code to be compiled, and the next one has it", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, containers } = fixture;
  const executable = await deploy(FILES, { id: "one" });
  assert.deepEqual(await compiled(runner, executable), [[false, false], 1]);
  await until("bytecode", async () => (await layersOf(fixture)).length === 1);
  await until("no compiler", async () => (await containers()).length === 0);
  assert.deepEqual(await compiled(runner, executable), [[true, true], 1]);
});

Deno.test("DockerRunner.prepare() gives the compilation up when what runs until then has ended", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, containers } = fixture;
  const executable = await deploy(FILES, { id: "one" });
  // A container that is not there any more.
  const huge = {
    ...FILES,
    ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`big${n}.py`, `# ${n}\n${BIG}`])),
  };
  const larger = await deploy(huge, { id: "larger" });
  await runner.prepare(larger, { replaces: "nobody" });
  assert.deepEqual(await layersOf(fixture), []);
  assert.deepEqual(await containers(), []);
  await runner.prepare(executable);
  assert.equal((await layersOf(fixture)).length, 1);
});
