/**
 * Runs whose files are in place before they are due.
 *
 * @module
 */

import assert from "node:assert/strict";
import { zipSync } from "fflate";
import type { Executable } from "../../lib/executable/executable.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const program = (text: string) =>
  `def main(id, config):\n    print(${
    JSON.stringify(text)
  }, config["n"])\n    open("main.py", "a").write("#")\n`;
/** More than a start copies when there is no time. */
const LARGE = new Uint8Array(1024 ** 2);
const NAMES = { runtime: "python3.11" };

/** Starts a run. @returns Its lines, and the workspaces that there were while it ran. */
async function run({ runner, folders }: RunnerFixture, executable: Executable, slot: string) {
  const lines: string[] = [];
  let during: Promise<string[]> | undefined;
  await runner.startContainer(executable, {
    slot,
    wait: true,
    onLine: ({ text }) => lines.push(text),
    onStarted: () => during = folders(),
  });
  return { lines, folders: await during };
}

Deno.test("a run finds the files in place that were prepared, and the next one gets files of its own", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders } = fixture;
  const executable = await deploy({ "main.py": program("one"), "data.bin": LARGE }, {
    ...NAMES,
    config: { n: 1 },
  });
  await runner.prepare(executable, { isDue: true });
  await runner.prepare(executable, { isDue: true });
  const prepared = await folders();
  assert.equal(prepared.length, 1);
  assert.deepEqual(await run(fixture, executable, "20260131t090000"), {
    lines: ["one 1"],
    folders: prepared,
  });
  assert.deepEqual(await folders(), []);
  const next = await run(fixture, executable, "20260131t090100");
  assert.deepEqual(next.lines, ["one 1"]);
  assert.notDeepEqual(next.folders, prepared);
});

Deno.test("a run has the code and the configuration of its start, whatever was prepared", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders, store, config } = fixture;
  const executable = await deploy({ "main.py": program("one"), "data.bin": LARGE }, {
    ...NAMES,
    config: { n: 1 },
  });
  await runner.prepare(executable, { isDue: true });
  const changed = zipSync({ "main.py": new TextEncoder().encode(program("two")) });
  await store.put(config.buckets.code, executable.filePath, changed);
  assert.deepEqual((await run(fixture, executable, "20260131t090000")).lines, ["two 1"]);
  assert.deepEqual(await folders(), []);

  await runner.prepare(executable, { isDue: true });
  const configured: Executable = { ...executable, config: JSON.stringify({ n: 2 }) };
  assert.deepEqual((await run(fixture, configured, "20260131t090100")).lines, ["two 2"]);
  assert.equal((await folders()).length, 1, "nobody has taken it");
  await runner.prepare(configured, { isDue: true });
  const prepared = await folders();
  assert.equal(prepared.length, 1, "one for each id");
  assert.deepEqual(await run(fixture, configured, "20260131t090200"), {
    lines: ["two 2"],
    folders: prepared,
  });
});

Deno.test("files that were prepared for a run that does not come go when they are discarded, and with the runner", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders, another } = fixture;
  const executable = await deploy({ "main.py": program("one") }, { ...NAMES, config: { n: 1 } });
  await runner.prepare(executable, { isDue: true });
  await runner.discardPrepared("another");
  assert.equal((await folders()).length, 1);
  assert.deepEqual(await runner.removeOrphans(), []);
  await runner.discardPrepared(executable.id);
  assert.deepEqual(await folders(), []);

  const other = another({});
  await other.prepare(executable, { isDue: true });
  assert.equal((await folders()).length, 1);
  await other.close();
  assert.deepEqual(await folders(), []);
});

Deno.test("code is copied ahead where the copy is a small part of the bot's disk limit, and mounted otherwise", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders, config } = fixture;
  const files = { "main.py": program("one"), "data.bin": LARGE };
  for (const [diskMb, names] of [[200, ["data.bin", "main.py"]], [20, []]] as const) {
    const limits = { diskBytes: diskMb * 1024 ** 2 };
    const executable = await deploy(files, { ...NAMES, config: { n: 1 }, limits });
    await runner.prepare(executable, { isDue: true });
    const view = `${config.tempDir}/${config.instance}/containers/${(await folders())[0]}/view`;
    const copied = (await Array.fromAsync(Deno.readDir(view))).map(({ name }) => name);
    assert.deepEqual(copied.filter((name) => files[name as keyof typeof files]).sort(), names);
    assert.deepEqual((await run(fixture, executable, "20260131t090000")).lines, ["one 1"]);
  }
});
