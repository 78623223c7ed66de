/** A command in a bot's container is bounded, and leaves nothing behind, whatever it does. */

import assert from "node:assert/strict";
import { runBoundedCommand } from "../../lib/runner/bounded_command.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";

const MAIN = ["python3", "-c", "import time\nwhile True: time.sleep(1)"];
/** Names of the programs in a container, apart from the one that lists them. */
const LIST = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done";

async function open() {
  const engine = await EngineFixture.open();
  const { id } = await engine.orchestrator.createAndStart(
    engine.spec(MAIN, { resources: { memoryBytes: 256 * 1024 ** 2, cpuShares: 512, pids: 48 } }),
  );
  const run = (script: string, timeoutMs = 5000) =>
    runBoundedCommand(engine.orchestrator, id, { command: ["/bin/sh", "-c", script], timeoutMs });
  const left = async () => {
    const { output } = await run(LIST);
    return output.split("\n").filter((line) =>
      /sleep \d|yes|python3 -c import os/.test(line) && !/\/bin\/sh -c/.test(line)
    );
  };
  return { run, left, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

Deno.test("a bounded command gives its exit code and what it printed", async () => {
  await using container = await open();
  const { output, ...ended } = await container.run("echo out; echo err >&2; exit 3");
  assert.deepEqual(ended, { end: "exited", exitCode: 3 });
  // The engine reads the two streams side by side, and keeps no order between them.
  assert.deepEqual(output.split("\n").filter((line) => line !== "").sort(), ["err", "out"]);
  assert.deepEqual(await container.run("cat"), { end: "exited", exitCode: 0, output: "" });
  assert.equal((await container.run("no-such-program")).exitCode, 127);
});

const WAYS: readonly (readonly [what: string, script: string, end: string])[] = [
  ["hangs", "trap '' TERM INT HUP; echo begins; sleep 600 & sleep 601", "timed-out"],
  ["floods", "yes flood", "flooded"],
  ["leaves processes", "sleep 602 & (setsid sleep 603 &) ; (sleep 604 &)", "exited"],
  ["forks until no process is left", "f() { f & f; }; f; sleep 605", "any"],
  [
    "leaves daemons that fork again and again",
    `python3 -c 'import os, time
if os.fork() == 0:
  os.setsid()
  end = time.time() + 600
  while time.time() < end:
    if os.fork() != 0: os._exit(0)
    time.sleep(0.01)'`,
    "exited",
  ],
];
for (const [what, script, end] of WAYS) {
  Deno.test(`a bounded command that ${what} is ended, and nothing of it is left`, async () => {
    await using container = await open();
    const beganAt = performance.now();
    const outcome = await container.run(script, 1500);
    if (end !== "any") assert.equal(outcome.end, end);
    assert.ok(performance.now() - beganAt < 8000, `it took ${performance.now() - beganAt} ms`);
    assert.ok(outcome.output.length <= 64 * 1024);
    assert.deepEqual(await container.left(), []);
  });
}

Deno.test("a bounded command kills what one before it has left, as after a crash of Berth", async () => {
  await using engine = await EngineFixture.open();
  const { id } = await engine.orchestrator.createAndStart(engine.spec(MAIN));
  const giveUp = new AbortController();
  const hung = runBoundedCommand(engine.orchestrator, id, {
    command: ["/bin/sh", "-c", "echo begun; sleep 606"],
    timeoutMs: 60_000,
    signal: giveUp.signal,
  });
  const list = () =>
    engine.orchestrator.runCommand(id, {
      command: ["/bin/sh", "-c", `echo; ${LIST}`],
      timeoutMs: 5000,
      maxOutputBytes: 64 * 1024,
    });
  while (!(await list()).output.includes("\nsleep 606")) {
    // The command has not begun yet.
  }
  giveUp.abort();
  await assert.rejects(hung);
  assert.ok((await list()).output.includes("\nsleep 606"));
  await runBoundedCommand(engine.orchestrator, id, { command: ["true"], timeoutMs: 5000 });
  assert.ok(!(await list()).output.includes("\nsleep 606"));
});

Deno.test("a command in a container that is gone, has ended or is paused is refused", async () => {
  await using engine = await EngineFixture.open();
  const options = { command: ["true"], timeoutMs: 1000 };
  await assert.rejects(runBoundedCommand(engine.orchestrator, "no-such-container", options), {
    name: "ContainerNotFoundError",
  });
  const ended = await engine.orchestrator.runAndWait(engine.spec(["true"]));
  await assert.rejects(runBoundedCommand(engine.orchestrator, ended.id, options), {
    name: "EngineError",
    status: 409,
  });
});
