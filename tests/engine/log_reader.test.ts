import assert from "node:assert/strict";
import { createDockerRunner } from "../../lib/runner/create_docker_runner.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import { LogStoreReader } from "../../lib/logs/log_store_reader.ts";
import { assertNumbered } from "../support/builders/stored_lines.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const COUNTER = `
import sys, time
def main(id, config):
    for i in range(3000):
        print(i)
        print(i, file=sys.stderr)
        if i % 10 == 0: time.sleep(0.005)
    while True: time.sleep(0.05)
`;
import { pause, until } from "../support/until.ts";

/** A runner that stores logs often, so that what is read changes under its reader. */
function collecting({ config, store }: RunnerFixture) {
  return createDockerRunner({ config: { ...config, logIntervalSeconds: 0.3 }, store, collectLogs: true });
}

async function startBot(fixture: RunnerFixture, runner: ReturnType<typeof collecting>, code: string) {
  const executable = await fixture.deploy({ "main.py": code }, { isLongRunning: true });
  const started = await runner.startContainer(executable);
  assert.ok(started.status === "running");
  return { id: executable.id, executable, containerId: started.containerId };
}

Deno.test("readLogs() gives what is stored and what is printed, without a gap or a repeat, whenever it begins", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const { id, containerId } = await startBot(fixture, runner, COUNTER);
  const readers = Array.from({ length: 6 }, async (_, n) => {
    await pause(n * 250, "each begins at another place");
    const lines: StoredLogLine[] = [];
    for await (const line of runner.readLogs(id, { follow: true, signal: AbortSignal.timeout(60_000) })) {
      lines.push(line);
      if (lines.length === 6000) break;
    }
    return lines;
  });
  for (const lines of await Promise.all(readers)) {
    assertNumbered(lines, "stdout", 3000);
    assertNumbered(lines, "stderr", 3000);
  }
  const tail = await Array.fromAsync(runner.readLogs(id, { tail: 5 }));
  await runner.stopContainer(containerId);
  const all = await Array.fromAsync(runner.readLogs(id));
  assertNumbered(all, "stdout", 3000);
  assert.deepEqual(tail, all.slice(5995, 6000));
  assert.deepEqual((await Array.fromAsync(runner.readLogs(id, { tail: 3 }))).length, 3);
  const since = new Date(Date.parse(all[4000]!.time));
  const later = await Array.fromAsync(runner.readLogs(id, { since }));
  assert.deepEqual(later, all.filter(({ time }) => Date.parse(time) >= since.getTime()));
  assert.deepEqual(await Array.fromAsync(runner.readLogs("nobody")), []);
});

Deno.test("a log that is followed goes on with the bot's next container, and ends with the signal", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const code = "import time\ndef main(id, config):\n    print('begun')\n    while True: time.sleep(0.05)\n";
  const first = await startBot(fixture, runner, code);
  await linesUntil(runner, first.containerId, /begun/);
  const controller = new AbortController();
  const seen: string[] = [];
  const twice = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const { text } of runner.readLogs(first.id, { follow: true, signal: controller.signal })) {
      if (text === "begun") seen.push(text);
      if (seen.length === 2) twice.resolve();
    }
  })();
  await runner.stopContainer(first.containerId);
  const second = await runner.startContainer(first.executable);
  assert.ok(second.status === "running");
  await twice.promise;
  controller.abort();
  await reading;
  await runner.stopContainer(second.containerId);
  assert.equal(seen.length, 2);
});

Deno.test("of a line without an end what the engine gives is a line after ten seconds, followed and stored", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  // Engines keep back what is not 16 KiB.
  const code = "import sys, time\ndef main(id, config):\n    print('begin')\n" +
    "    sys.stdout.write('x' * 20_000); sys.stdout.flush()\n    time.sleep(1000)\n";
  const { id, containerId } = await startBot(fixture, runner, code);
  const lengths: number[] = [];
  for await (const { text } of runner.readLogs(id, { follow: true, signal: AbortSignal.timeout(40_000) })) {
    if (lengths.push(text.length) === 2) break;
  }
  assert.deepEqual(lengths, [5, 16_384]);
  const logs = new LogStoreReader(fixture.store, fixture.config.buckets.logs);
  await until("its being stored", async () => (await Array.fromAsync(logs.read(id))).length === 2);
  await runner.stopContainer(containerId, { graceSeconds: 0 });
  const all = await Array.fromAsync(runner.readLogs(id));
  assert.deepEqual(all.slice(0, 3).map(({ text }) => text.length), [5, 16_384, 3616]);
});

Deno.test("a long line of characters of several bytes is the same when it is read, from Python and Node", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const python =
    "def main(id, config):\n    for n in (16384, 20000, 60000): print('a' + '€' * n)\n    print('end')\n";
  const node =
    "module.exports = () => { for (const n of [16384, 20000, 60000]) console.log('a' + '€'.repeat(n));" +
    " console.log('end'); };";
  const expected = [...[16_384, 20_000, 60_000].map((n) => "a" + "€".repeat(n)), "end"];
  for (
    const [files, changes] of [
      [{ "main.py": python }, {}],
      [{ "main.js": node }, { runtime: "nodejs20", entrypointFiles: { backtest: "main.js" } }],
    ] as const
  ) {
    const executable = await fixture.deploy(files, { entrypoint: "backtest", ...changes });
    const printed: string[] = [];
    const ended = await runner.startContainer(executable, { onLine: ({ text }) => printed.push(text) });
    assert.equal(ended.status, "success", JSON.stringify(ended));
    const stored = (await Array.fromAsync(runner.readLogs(executable.id))).map(({ text }) => text);
    assert.ok(stored.join("\n") === expected.join("\n"), "stored");
    assert.ok(printed.join("\n") === expected.join("\n"), "printed");
  }
});
