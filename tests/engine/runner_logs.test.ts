import assert from "node:assert/strict";
import { createDockerRunner } from "../../lib/runner/create_docker_runner.ts";
import { LogsNotSavedError } from "../../lib/errors.ts";
import { assertNumbered, storedLines } from "../support/builders/stored_lines.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { until } from "../support/until.ts";

const TALKER = `
import signal, sys, time
def main(id, config):
    for i in range(100): print(i)
    try:
        print("begun", file=sys.stderr)
        while True: time.sleep(0.05)
    finally:
        print("100 and the end")
`;

/** A runner that stores logs, beside the fixture's own, which does not. */
function collecting({ config, store }: RunnerFixture) {
  return createDockerRunner({ config, store, collectLogs: true });
}

Deno.test("a stopped bot's log is stored to its last line before its container goes", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const executable = await fixture.deploy({ "main.py": TALKER }, { isLongRunning: true });
  const started = await runner.startContainer(executable, { logIntervalSeconds: 3600 });
  assert.ok(started.status === "running");
  await linesUntil(runner, started.containerId, /begun/);
  await runner.stopContainer(started.containerId);
  const lines = await storedLines(fixture.store, executable.id);
  assertNumbered(lines, "stdout", 101);
  assert.deepEqual(lines.filter(({ stream }) => stream === "stderr").map(({ text }) => text), ["begun"]);
});

Deno.test("while the store is down a bot is stopped at once, and its container stays until its log is stored", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const executable = await fixture.deploy({ "main.py": TALKER }, { isLongRunning: true });
  const started = await runner.startContainer(executable, { logIntervalSeconds: 3600 });
  assert.ok(started.status === "running");
  await linesUntil(runner, started.containerId, /begun/);
  const { append } = fixture.store;
  fixture.store.append = () => Promise.reject(new Error("the store is down"));
  for (const end of ["stopContainer", "removeContainer", "stopContainer"] as const) {
    await assert.rejects(runner[end](started.containerId), (error) => {
      assert.ok(error instanceof LogsNotSavedError, String(error));
      assert.match(error.message, /has exited and is not removed yet.*the store is down/);
      return true;
    });
    assert.deepEqual((await fixture.containers()).map(({ phase }) => phase), ["exited"]);
  }
  fixture.store.append = append;
  await runner.removeContainer(started.containerId);
  assertNumbered(await storedLines(fixture.store, executable.id), "stdout", 101);
});

Deno.test("a bot that is removed while it runs is ended first, and its log stored", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const executable = await fixture.deploy({ "main.py": TALKER }, { isLongRunning: true });
  const started = await runner.startContainer(executable);
  assert.ok(started.status === "running");
  await linesUntil(runner, started.containerId, /begun/);
  await runner.removeContainer(started.containerId);
  assertNumbered((await storedLines(fixture.store, executable.id)).slice(0, 101), "stdout", 100);
});

Deno.test("the log of a backtest that was waited for is stored", async () => {
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const program = "def main(id, config):\n    for i in range(2000): print(i)\n    return {'ok': True}\n";
  const executable = await fixture.deploy({ "main.py": program }, { entrypoint: "backtest" });
  const ended = await runner.startContainer(executable);
  assert.equal(ended.status, "success");
  assertNumbered(await storedLines(fixture.store, executable.id), "stdout", 2000);
});

Deno.test("a process goes on with the logs of all containers that it finds, also of those that have exited", async () => {
  await using fixture = await RunnerFixture.open();
  const program = "def main(id, config):\n    for i in range(50): print(i)\n";
  const ids: string[] = [];
  for (const code of [TALKER, program]) {
    const executable = await fixture.deploy({ "main.py": code }, { isLongRunning: true });
    const started = await fixture.runner.startContainer(executable);
    assert.ok(started.status === "running");
    await linesUntil(fixture.runner, started.containerId, /begun|49/);
    ids.push(executable.id);
  }
  await using runner = collecting(fixture);
  const containers = await runner.superviseContainers(-1);
  await until("the logs' being stored", async () => {
    const counts = await Promise.all(
      ids.map(async (id) => (await storedLines(fixture.store, id).catch(() => [])).length),
    );
    return counts[0] === 101 && counts[1] === 50;
  });
  for (const { containerId } of containers) await runner.removeContainer(containerId);
});

Deno.test("a bot that is slowed down because it prints too fast ends at once when it is stopped, with its last words", async () => {
  const program = `
def main(id, config):
    try:
        while True: print("x" * 1000)
    finally:
        print("y" * 5_000_000)
        print("the end")
`;
  await using fixture = await RunnerFixture.open();
  await using runner = collecting(fixture);
  const { append } = fixture.store;
  const { promise: hasEnded, resolve: end } = Promise.withResolvers<void>();
  let appends = 0;
  fixture.store.append = async (...args) => {
    // The first makes room, and the bot is held up behind the second.
    if (++appends > 1) await hasEnded;
    return await append.apply(fixture.store, args);
  };
  const executable = await fixture.deploy({ "main.py": program }, { isLongRunning: true });
  const started = await runner.startContainer(executable);
  assert.ok(started.status === "running");
  await until("its being held up", () => appends > 1);
  const stopping = runner.stopContainer(started.containerId, { tail: 0, graceSeconds: 4 });
  await until("its end", async () => (await fixture.containers())[0]?.phase === "exited");
  end();
  assert.deepEqual((await stopping).how, "stopped");
  assert.equal((await storedLines(fixture.store, executable.id)).at(-1)?.text, "the end");
});
