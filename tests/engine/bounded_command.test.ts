/** A command in a bot's container is bounded, and leaves nothing behind, whatever it does. */

import assert from "node:assert/strict";
import { runBoundedCommand } from "../../lib/runner/bounded_command.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";

const MAIN = ["python3", "-c", "import time\nwhile True: time.sleep(1)"];
/** Names of the programs in a container, apart from the one that lists them. */
const LIST = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done";
/** A file that daemons write again and again. */
const ALIVE = "/tmp/alive";

/** Lists what runs in a container. Unlike a bounded command, it kills nothing. */
function list(engine: EngineFixture, id: string, script = `echo; ${LIST}`) {
  return engine.orchestrator.runCommand(id, {
    command: ["/bin/sh", "-c", script],
    timeoutMs: 5000,
    maxOutputBytes: 64 * 1024,
  });
}

async function open() {
  const engine = await EngineFixture.open();
  const { id } = await engine.orchestrator.createAndStart(
    engine.spec(MAIN, { resources: { memoryBytes: 256 * 1024 ** 2, cpuShares: 512, pids: 48 } }),
  );
  const run = (script: string, timeoutMs = 5000) =>
    runBoundedCommand(engine.orchestrator, id, { command: ["/bin/sh", "-c", script], timeoutMs });
  const left = async () => {
    // A list may miss a daemon that is gone before its turn.
    const daemon = await list(engine, id, `rm -f ${ALIVE}; sleep 0.3; ls ${ALIVE} 2>/dev/null`);
    const { output } = await list(engine, id);
    return (daemon.output + output).split("\n").filter((line) =>
      /sleep \d|yes|python3 -c import os|alive/.test(line) && !/\/bin\/sh -c/.test(line)
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

/** A command that leaves a daemon, which forks and ends, and so does its child. @param ms How long each lives, in ms. */
function daemonsThatForkEach(ms: number): string {
  return `python3 -c 'import os, time
if os.fork() == 0:
  os.setsid()
  end = time.time() + 600
  while time.time() < end:
    try:
      if os.fork() != 0: os._exit(0)
    except OSError: pass
    open("${ALIVE}", "w").close()
    time.sleep(${ms / 1000})'`;
}

const WAYS: readonly (readonly [what: string, script: string, end: string])[] = [
  ["hangs", "trap '' TERM INT HUP; echo begins; sleep 600 & sleep 601", "timed-out"],
  ["floods", "yes flood", "flooded"],
  ["leaves processes", "sleep 602 & (setsid sleep 603 &) ; (sleep 604 &)", "exited"],
  ["forks until no process is left", "f() { f & f; }; f; sleep 605", "any"],
  ["leaves daemons that fork again and again", daemonsThatForkEach(10), "exited"],
];
for (const [what, script, end] of WAYS) {
  Deno.test(`a bounded command that ${what} is ended, and nothing of it is left`, async () => {
    await using container = await open();
    const outcome = await container.run(script, end === "timed-out" ? 1500 : 30_000);
    if (end !== "any") assert.equal(outcome.end, end);
    assert.ok(outcome.output.length <= 64 * 1024);
    assert.deepEqual(await container.left(), []);
  });
}

Deno.test("a bounded command ends daemons that may be gone before it looks at them", async () => {
  await using container = await open();
  for (let round = 1; round <= 10; round++) {
    assert.equal((await container.run(daemonsThatForkEach(1))).end, "exited");
    assert.deepEqual(await container.left(), [], `in round ${round}`);
  }
});

Deno.test("a bounded command kills what one before it has left, as after a crash of Berth", async () => {
  await using engine = await EngineFixture.open();
  const { id } = await engine.orchestrator.createAndStart(engine.spec(MAIN));
  const giveUp = new AbortController();
  const hung = runBoundedCommand(engine.orchestrator, id, {
    command: ["/bin/sh", "-c", "echo begun; sleep 606"],
    timeoutMs: 60_000,
    signal: giveUp.signal,
  });
  while (!(await list(engine, id)).output.includes("\nsleep 606")) {
    // The command has not begun yet.
  }
  giveUp.abort();
  await assert.rejects(hung);
  assert.ok((await list(engine, id)).output.includes("\nsleep 606"));
  await runBoundedCommand(engine.orchestrator, id, { command: ["true"], timeoutMs: 5000 });
  assert.ok(!(await list(engine, id)).output.includes("\nsleep 606"));
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
