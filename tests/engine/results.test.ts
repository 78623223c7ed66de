import assert from "node:assert/strict";
import type { Executable } from "../../lib/executable/executable.ts";
import type { CollectedRun } from "../../lib/runner/runner.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { until } from "../support/until.ts";

/** Deploys a program that ends. */
function deployRun({ deploy }: RunnerFixture, body: string): Promise<Executable> {
  const code = `import os\ndef main(id, config):\n${
    body.split("; ").map((line) => `    ${line}`).join("\n")
  }\n`;
  return deploy({ "main.py": code }, { isLongRunning: false });
}

/** Runs a slot to its end and collects it; the container is removed. */
async function runSlot(
  { runner }: RunnerFixture,
  executable: Executable,
  slot: string,
): Promise<CollectedRun> {
  const { containerId } = await runner.startContainer(executable, { slot, wait: false });
  await until("its end", async () => (await runner.getContainerStatus(containerId))?.phase === "exited");
  const run = await runner.collect(containerId);
  assert.deepEqual(await runner.collect(containerId), run, "collecting again gives the same");
  await runner.removeContainer(containerId);
  return run;
}

async function stored({ store, config }: RunnerFixture): Promise<Record<string, unknown>> {
  const { results } = config.buckets;
  const found: Record<string, unknown> = {};
  for await (const { key } of store.list(results, "")) {
    const { body } = await store.get(results, key);
    found[key] = await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).json();
  }
  return found;
}

Deno.test("Runner.collect() keeps each run's result under a key of its own, and the latest as analysis.json", async () => {
  await using fixture = await RunnerFixture.open();
  const executable = await deployRun(fixture, "return {'cwd': os.listdir('.') != []}");
  const first = await runSlot(fixture, executable, "1735689600");
  assert.equal(first.exitCode, 0);
  assert.equal(first.message, undefined);
  assert.ok(first.finishedAt >= first.startedAt && first.startedAt.getTime() > Date.now() - 60_000);
  assert.deepEqual(first.result, { key: `${executable.id}/runs/1735689600.json` });
  const failing = await deployRun(fixture, "raise ValueError('no data')");
  const second = await runSlot(fixture, { ...failing, id: executable.id }, "1735689660");
  assert.deepEqual([second.exitCode, second.message], [1, "It ended with exit code 1."]);
  const { [`${executable.id}/analysis.json`]: latest, ...own } = await stored(fixture);
  assert.deepEqual(Object.keys(own), [first, second].map(({ result }) => result.key));
  assert.deepEqual(own[first.result.key!], { cwd: true });
  assert.equal((latest as { status: string }).status, "error");
});

const USELESS = [
  ["no file", "os._exit(0)", "missing"],
  ["a link to a file of the host", "os.symlink('/etc/hostname', 'result.json'); os._exit(0)", "not-a-file"],
  ["a link to /proc", "os.symlink('/proc/self/environ', 'result.json'); os._exit(0)", "not-a-file"],
  ["a link to nothing", "os.symlink('/nowhere', 'result.json'); os._exit(0)", "not-a-file"],
  ["a pipe", "os.mkfifo('result.json'); os._exit(0)", "not-a-file"],
  ["a folder", "os.mkdir('result.json'); os._exit(0)", "not-a-file"],
  ["1 GB", "open('result.json', 'w').truncate(1 << 30); os._exit(0)", "too-large"],
  ["half a document", "open('result.json', 'w').write('{\"a\": '); os._exit(0)", "invalid-json"],
  [
    "NaN inside",
    "import json; json.dump({'sharpe': float('nan')}, open('result.json', 'w'))",
    "invalid-json",
  ],
  ["NaN", "open('result.json', 'w').write('NaN'); os._exit(0)", "invalid-json"],
] as const;

Deno.test("Runner.collect() says why a result is not usable, and nothing else stands as the latest", async () => {
  await using fixture = await RunnerFixture.open();
  const good = await deployRun(fixture, "return {'profit': 1}");
  const first = await runSlot(fixture, good, "1735689600");
  for (const [what, body, problem] of USELESS) {
    const executable = { ...await deployRun(fixture, body), id: good.id };
    const { exitCode, result } = await runSlot(fixture, executable, "1735689660");
    assert.deepEqual([exitCode, result.problem, result.key], [0, problem, undefined], what);
    assert.match(result.message!, /result\.json/, what);
    const { [`${good.id}/analysis.json`]: latest, ...own } = await stored(fixture);
    assert.deepEqual(Object.keys(own), [first.result.key], what);
    assert.deepEqual(latest, {
      status: "error",
      message: `The latest run left no usable result. ${result.message}`,
      error_type: "NoResult",
      reason: problem,
      exit_code: 0,
    });
  }
});

Deno.test("Runner.collect() refuses a container that runs, and one that is not there", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner } = fixture;
  const executable = await deployRun(fixture, "import time; time.sleep(60)");
  const { containerId } = await runner.startContainer(executable, { slot: "1735689600", wait: false });
  await assert.rejects(runner.collect(containerId), /has not ended/);
  await runner.removeContainer(containerId);
  await assert.rejects(runner.collect(containerId), { code: "container/not-found" });
});

Deno.test("a backtest's result is kept as the latest and as its own, and of a useless one only the reason is kept", async () => {
  await using fixture = await RunnerFixture.open();
  const executable = await fixture.deploy(
    { "backtest.py": "def main(id, config): return config.get('answer')\n" },
    { entrypoint: "backtest", entrypointFiles: { backtest: "backtest.py" }, config: { answer: 1 } },
  );
  const keys: (string | undefined)[] = [];
  for (const answer of [1, 2]) {
    const ended = await fixture.runner.startContainer({ ...executable, config: JSON.stringify({ answer }) });
    assert.ok(ended.status === "success", JSON.stringify(ended));
    keys.push(ended.resultKey);
  }
  const found = await stored(fixture);
  assert.deepEqual(keys.map((key) => found[key!]), [1, 2]);
  assert.equal(found[`${executable.id}/analysis.json`], 2);
  const broken = await fixture.deploy(
    {
      "backtest.py": "import os\ndef main(id, config): open('result.json', 'w').write('{'); os._exit(0)\n",
    },
    { entrypoint: "backtest", entrypointFiles: { backtest: "backtest.py" } },
  );
  const ended = await fixture.runner.startContainer(broken);
  assert.ok(ended.status === "success" && ended.resultProblem === "invalid-json", JSON.stringify(ended));
  assert.equal(Object.keys(await stored(fixture)).length, 4);
});

Deno.test("a result that a program wrote before it failed is kept, with the status of its exit", async () => {
  await using fixture = await RunnerFixture.open();
  const write =
    "import json, sys; json.dump({'status': 'error', 'message': 'no data'}, open('result.json', 'w'))";
  const run = await runSlot(fixture, await deployRun(fixture, `${write}; sys.exit(3)`), "1735689600");
  assert.deepEqual([run.exitCode, run.message], [3, "It ended with exit code 3."]);
  assert.deepEqual((await stored(fixture))[run.result.key!], { status: "error", message: "no data" });
});

Deno.test("a program that needs too much memory ends with the reason and what it had", async () => {
  await using fixture = await RunnerFixture.open({ BOT_MEMORY_LIMIT_MB: "64" });
  const executable = await deployRun(fixture, "x = [bytearray(10_000_000) for _ in range(1000)]");
  const run = await runSlot(fixture, executable, "1735689600");
  // A busy engine misses some of the kernel's reports; then it says "perhaps".
  assert.match(run.message!, /out of memory: had 64 MB/);
});
