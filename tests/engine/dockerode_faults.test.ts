import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { EngineUnavailableError, InvalidConfigError, TimeLimitError } from "../../lib/errors.ts";
import { EngineFixture, type EngineFixtureOptions } from "../support/fixtures/engine_fixture.ts";
import { type PrivateEngine, testPrivately, TINY_IMAGE } from "../support/servers/private_engine.ts";
import { pause, until } from "../support/until.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];

function open(engine: PrivateEngine, timeouts: EngineFixtureOptions["timeouts"] = {}) {
  return EngineFixture.open({ dockerHost: engine.dockerHost, image: TINY_IMAGE, timeouts });
}

function isUnavailable(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof EngineUnavailableError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

function everyCall({ orchestrator, spec }: EngineFixture): (() => Promise<unknown>)[] {
  return [
    () => orchestrator.info(),
    () => orchestrator.hasImage("x"),
    () => orchestrator.pullImage("x"),
    () => orchestrator.createAndStart(spec(sh("true"))),
    () => orchestrator.runAndWait(spec(sh("true"))),
    () => orchestrator.wait("x"),
    () => orchestrator.stop("x", { graceSeconds: 1 }),
    () => orchestrator.remove("x"),
    () => Array.fromAsync(orchestrator.getLogs("x")),
    () => orchestrator.copyFromContainer("x", "/x", { maxBytes: 1 }),
    () => orchestrator.getStatus("x"),
    () => orchestrator.listContainers(),
  ];
}

Deno.test("connectDocker() takes only a socket of this host", () => {
  for (
    const host of [
      "tcp://10.0.0.1:2375",
      "ssh://host",
      "/var/run/docker.sock",
      "unix://relative",
      "unix://",
      "",
    ]
  ) {
    assert.throws(() => connectDocker(host), (error) => {
      assert.ok(error instanceof InvalidConfigError);
      assert.ok(error.message.includes(`is '${host}'`));
      return true;
    });
  }
});

Deno.test("every call says where there is no engine, and what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const missing = await EngineFixture.open({ dockerHost: `unix://${folder}/none.sock` });
    const message = new RegExp(
      `no answer from the engine at unix://${folder}/none.sock: there is no such socket. Start Docker`,
    );
    for (const call of everyCall(missing)) await assert.rejects(call, isUnavailable(message), String(call));
    await missing.orchestrator[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every call says where nobody listens any more, and what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // A process that ends without closing leaves its socket behind.
    const path = join(folder, "left.sock");
    const code = `Deno.listen({ transport: "unix", path: ${
      JSON.stringify(path)
    } }); Deno.kill(Deno.pid, "SIGKILL")`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", code], stderr: "null" }).output();
    const { orchestrator } = await EngineFixture.open({ dockerHost: `unix://${path}` });
    await assert.rejects(orchestrator.listContainers(), isUnavailable(/nothing listens there. Start Docker/));
    await orchestrator[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every call has a time limit, and closes its connection then", async () => {
  const folder = await Deno.makeTempDir();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.resume().on("error", () => {}).on("close", () => connections--);
  });
  try {
    const path = join(folder, "silent.sock");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const timeouts = { callMs: 30, startMs: 30, stopMarginMs: -970, pullStallMs: 30, cleanupMs: 30 };
    const silent = await EngineFixture.open({ dockerHost: `unix://${path}`, timeouts });
    for (const call of everyCall(silent)) await assert.rejects(call, TimeLimitError, String(call));
    await until("the end of all connections", () => connections === 0);
    await silent.orchestrator[Symbol.asyncDispose]();
  } finally {
    await new Promise((resolve) => server.close(resolve));
    await Deno.remove(folder, { recursive: true });
  }
});

testPrivately("every call fails while the engine is down, and works when it is back", async (engine) => {
  await using fixture = await open(engine);
  await fixture.orchestrator.listContainers();
  await engine.signal("KILL");
  for (const call of everyCall(fixture)) await assert.rejects(call, EngineUnavailableError, String(call));
  await engine.start();
  assert.equal((await fixture.orchestrator.runAndWait(fixture.spec(sh("exit 3")))).exitCode, 3);
});

testPrivately(
  "createAndStart() while the engine is killed says so, and no container runs afterwards",
  async (engine) => {
    await using fixture = await open(engine);
    await engine.signal("STOP");
    const starting = fixture.orchestrator.createAndStart(fixture.spec(sh("sleep 60")));
    const failed = assert.rejects(
      starting,
      isUnavailable(/Cannot create container .* closed the connection before it had answered/),
    );
    await pause(50, "the call reaches the engine, which does not answer");
    await engine.signal("KILL");
    await failed;
    await engine.start();
    const left = await fixture.orchestrator.listContainers({ labels: fixture.labels });
    assert.deepEqual(left.filter(({ phase }) => phase !== "pending"), []);
  },
);

testPrivately(
  "createAndStart() that is given up removes what the engine creates afterwards",
  async (engine) => {
    await using fixture = await open(engine);
    for (const call of ["createAndStart", "runAndWait"] as const) {
      const controller = new AbortController();
      const reason = new Error("given up");
      await engine.signal("STOP");
      const starting = fixture.orchestrator[call](fixture.spec(sh("sleep 60")), {
        signal: controller.signal,
      });
      const failed = assert.rejects(starting, (error) => error === reason);
      await pause(50, "the call reaches the engine, which does not answer");
      controller.abort(reason);
      await engine.signal("CONT");
      await failed;
      assert.deepEqual(await fixture.orchestrator.listContainers({ labels: fixture.labels }), []);
    }
  },
);

testPrivately(
  "createAndStart() beyond its time limit removes what the engine creates afterwards",
  async (engine) => {
    await using fixture = await open(engine, { startMs: 150, cleanupMs: 20_000 });
    await engine.signal("STOP");
    const starting = fixture.orchestrator.createAndStart(fixture.spec(sh("sleep 60")));
    const failed = assert.rejects(starting, TimeLimitError);
    await pause(400, "beyond the time limit of a start");
    await engine.signal("CONT");
    await failed;
    const labels = fixture.labels;
    await until(
      "no container",
      async () => (await fixture.orchestrator.listContainers({ labels })).length === 0,
    );
  },
);

testPrivately("closing gives up a start, and removes what it created", async (engine) => {
  await using fixture = await open(engine);
  await engine.signal("STOP");
  const starting = fixture.orchestrator.createAndStart(fixture.spec(sh("sleep 60")));
  const failed = assert.rejects(starting, isUnavailable(/was closed/));
  await pause(50, "the call reaches the engine, which does not answer");
  const closing = fixture.orchestrator[Symbol.asyncDispose]();
  await engine.signal("CONT");
  await Promise.all([failed, closing]);
  await using other = await open(engine);
  assert.deepEqual(await other.orchestrator.listContainers({ labels: fixture.labels }), []);
});

testPrivately("closing ends waits and logs", async (engine) => {
  await using fixture = await open(engine);
  const { id } = await fixture.orchestrator.createAndStart(fixture.spec(sh("echo ready; sleep 60")));
  const waiting = assert.rejects(fixture.orchestrator.wait(id), isUnavailable(/was closed/));
  const following = assert.rejects(async () => {
    for await (const _ of fixture.orchestrator.getLogs(id, { follow: true })) {
      await fixture.orchestrator[Symbol.asyncDispose]();
    }
  }, isUnavailable(/was closed/));
  await Promise.all([waiting, following]);
});

testPrivately("wait() lasts through a restart of the engine", async (engine) => {
  await using fixture = await open(engine);
  const { id } = await fixture.orchestrator.createAndStart(fixture.spec(sh("sleep 3; exit 6")));
  const waiting = fixture.orchestrator.wait(id);
  await pause(100, "the engine is waited for");
  for (const signal of ["KILL", "TERM"] as const) {
    await engine.signal(signal);
    await pause(100, "the engine is waited for");
    await engine.start();
  }
  const outcome = await waiting;
  assert.deepEqual([outcome.id, outcome.exitCode], [id, 6]);
  // A busy engine notes the start somewhat after the program began.
  assert.ok(outcome.durationMs >= 2_000, `${outcome.durationMs} ms`);
});

testPrivately("wait() says so when the engine stays away", async (engine) => {
  await using fixture = await open(engine, { engineReturnMs: 400 });
  const { id } = await fixture.orchestrator.createAndStart(fixture.spec(sh("sleep 60")));
  const waiting = assert.rejects(fixture.orchestrator.wait(id), EngineUnavailableError);
  await pause(100, "the engine is waited for");
  await engine.signal("KILL");
  await waiting;
  await engine.start();
});

testPrivately(
  "getLogs() says so when the engine is killed or ends, and gives what came before",
  async (engine) => {
    await using fixture = await open(engine);
    for (const signal of ["KILL", "TERM"] as const) {
      const { id } = await fixture.orchestrator.createAndStart(fixture.spec(sh("echo before; sleep 60")));
      const seen: string[] = [];
      await assert.rejects(async () => {
        for await (const { text } of fixture.orchestrator.getLogs(id, { follow: true })) {
          seen.push(text);
          await engine.signal(signal);
        }
      }, EngineUnavailableError);
      assert.deepEqual(seen, ["before"]);
      await engine.start();
    }
  },
);

testPrivately("stop() says so when the engine is killed half-way", async (engine) => {
  await using fixture = await open(engine);
  const { id } = await fixture.orchestrator.createAndStart(
    fixture.spec(sh("trap '' TERM; sleep 60 & wait; sleep 60")),
  );
  const stopping = assert.rejects(
    fixture.orchestrator.stop(id, { graceSeconds: 30 }),
    EngineUnavailableError,
  );
  await pause(200, "the call reaches the engine");
  await engine.signal("KILL");
  await stopping;
  await engine.start();
});
