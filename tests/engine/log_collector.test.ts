import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { assertNumbered, storedLines } from "../support/builders/stored_lines.ts";
import { CollectorFixture } from "../support/fixtures/collector_fixture.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { startLogProcess } from "../support/processes/log_process.ts";
import { pause, until } from "../support/until.ts";

const python = (program: string) => ["python3", "-u", "-c", program];

/** A proxy to a server that can be closed. */
async function openGate(host: string, port: number) {
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((socket) => {
    if (!isOpen) return socket.destroy();
    const target = connect(port, host);
    for (const one of [socket, target]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => {
        sockets.delete(one);
        socket.destroy();
        target.destroy();
      });
    }
    socket.pipe(target).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    close() {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      isOpen = true;
    },
    async [Symbol.asyncDispose]() {
      this.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const seconds = (count: number) => pause(count * 1000, "the containers print meanwhile");

// The long form: BERTH_LOG_TEST_SECONDS=300 BERTH_LOG_TEST_KILL_SECONDS=20 BERTH_LOG_TEST_OUTAGE_SECONDS=60.
const setting = (name: string, usual: number) => Number(Deno.env.get(`BERTH_LOG_TEST_${name}`) || usual);
const LENGTH = setting("SECONDS", 12);
const KILL = setting("KILL_SECONDS", 2);
const OUTAGE = setting("OUTAGE_SECONDS", 3);

Deno.test("a process killed again and again and a store that goes away lose, double and reorder no line", async () => {
  const [host = "", port] = Deno.env.get("MINIO_ENDPOINT")!.split(":");
  const credentials = {
    useSSL: false,
    accessKey: Deno.env.get("MINIO_ACCESS_KEY")!,
    secretKey: Deno.env.get("MINIO_SECRET_KEY")!,
  };
  await using gate = await openGate(host, Number(port));
  await using engine = await EngineFixture.open();
  const client = connectMinio({ endPoint: host, port: Number(port), ...credentials });
  const store = new MinioObjectStore(client);
  const bucket = `berth-test-${crypto.randomUUID()}`;
  await store.ensureBucket(bucket);
  const count = 333 * LENGTH;
  const program = `
import sys, time
begin = time.time()
for i in range(${count}):
    print(i, "price of something and more", flush=True)
    print(i, "what went wrong", file=sys.stderr, flush=True)
    wait = begin + i / 333 - time.time()
    if wait > 0: time.sleep(wait)
`;
  const { id } = await engine.orchestrator.createAndStart(engine.spec(python(program)));
  const begin = performance.now();
  const setup = {
    dockerHost: DOCKER_HOST,
    minio: { endPoint: "127.0.0.1", port: gate.port, ...credentials },
    bucket,
    intervalMs: 500,
    containers: [{ containerId: id, id: "bot" }],
  };
  let kill = startLogProcess(setup);
  try {
    const outage = (async () => {
      await seconds(LENGTH / 2 - OUTAGE / 2);
      gate.close();
      await seconds(OUTAGE);
      gate.open();
    })();
    while ((performance.now() - begin) / 1000 < LENGTH) {
      await seconds(KILL);
      await kill();
      kill = startLogProcess(setup);
    }
    await outage;
    await engine.orchestrator.wait(id);
    const last = async () =>
      (await storedLines(store, "bot", bucket)).filter(({ text }) => parseInt(text) === count - 1).length >=
        2;
    await until("the last line's being stored", last, 60_000);
    const lines = await storedLines(store, "bot", bucket);
    assertNumbered(lines, "stdout", count);
    assertNumbered(lines, "stderr", count);
    assert.equal(lines.length, 2 * count);
  } finally {
    await kill();
    for await (const { key } of store.list(bucket, "")) {
      assert.deepEqual(await Array.fromAsync(client.listIncompleteUploads(bucket, key, true)), []);
      await store.delete(bucket, key);
    }
    await client.removeBucket(bucket);
  }
});

Deno.test("every line of programs that print and end at once is stored, also the last one without an end", async () => {
  const [bots, rounds] = [setting("BOTS", 10), setting("ROUNDS", 1)];
  await using test = await CollectorFixture.open();
  const program =
    "import sys\nfor i in range(2000): print(i)\nsys.stdout.write('the last, without an end')\n" +
    "sys.stdout.flush()\nsys.exit(3)";
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: bots }, async (_, n) => {
      const id = `bot-${round}-${n}`;
      const container = await test.start(id, program);
      await test.engine.orchestrator.wait(container.containerId);
      await test.collector.stop(container);
      await test.engine.orchestrator.remove(container.containerId);
      const lines = await storedLines(test.store, id);
      assert.equal(lines.pop()?.text, "the last, without an end");
      assertNumbered(lines, "stdout", 2000);
    }));
  }
});

Deno.test("a log is complete once its container has exited, without a word of anybody", async () => {
  await using test = await CollectorFixture.open({ intervalMs: 60_000 });
  const container = await test.start("bot", "for i in range(10): print(i)");
  await until("completion", () => test.collector.status(container.containerId)?.isComplete ?? false);
  assertNumbered(await storedLines(test.store, "bot"), "stdout", 10);
});

Deno.test("lines are stored every interval while the container runs, and nothing is asked of the engine while it is silent", async () => {
  await using test = await CollectorFixture.open();
  let reads = 0;
  const { orchestrator } = test.engine;
  const read = orchestrator.readLog.bind(orchestrator);
  orchestrator.readLog = (...args) => {
    reads++;
    return read(...args);
  };
  await test.start("bot", "import time\nprint(0)\ntime.sleep(2)\nprint(1)\ntime.sleep(60)");
  await until("the first line", async () => (await storedLines(test.store, "bot")).length === 1);
  await until("the second line", async () => (await storedLines(test.store, "bot")).length === 2);
  await seconds(0.5);
  const before = reads;
  await seconds(1);
  assert.equal(reads, before);
});

Deno.test("a log that its engine has rotated is stored whole and in order, or says what is missing", async () => {
  const megabytes = setting("BURST_MB", 12);
  const logs = { maxSizeBytes: setting("ROTATE_BYTES", 1024 ** 2), maxFiles: 3 };
  await using test = await CollectorFixture.open({ spool: logs, urgentBytes: logs.maxSizeBytes / 8 });
  test.store.delayMs = 20;
  const count = megabytes * 10_000;
  const program = `
import sys
pad = "x" * 88
for i in range(0, ${count}, 100):
    sys.stdout.write("".join(f"{j:010d} {pad}\\n" for j in range(i, i + 100)))
`;
  const container = await test.start("bot", program, { logs });
  await test.engine.orchestrator.wait(container.containerId);
  await test.collector.stop(container);
  const lines = await storedLines(test.store, "bot");
  let next = 0;
  let gaps = 0;
  let losses = 0;
  // Lines that were lost before the log was read for the first time are told of once it is known.
  const isBeginningLost = lines.some(({ stream, text }) =>
    stream === "berth" && text.includes(" printed before ")
  );
  if (isBeginningLost) next = -1;
  for (const { stream, text } of lines) {
    if (stream === "berth") {
      losses++;
      if (text.includes(" printed before ")) continue;
      assert.match(text, /^((at least )?\d+ )?lines printed between \S+ and \S+ are lost/);
      // Where it stands lines are missing, and nowhere else.
      next = -1;
      continue;
    }
    const number = parseInt(text, 10);
    if (next === -1) gaps++;
    else assert.equal(number, next);
    next = number + 1;
  }
  assert.equal(next, count);
  const kept = lines.length - losses;
  if (losses === 0) assert.equal(kept, count);
  if (megabytes > 100) console.log({ count, kept, losses, gaps });
});

Deno.test("lines of 100 kB that are printed fast are stored whole, of both outputs, as JSON and as text", async () => {
  // Stderr is printed between the lines of stdout: a line of one waits for none of the other.
  const program = `
import sys
for i in range(300):
    print(f"{i:05d} " + "x" * 100_000)
    if i % 10 == 0: print(f"{i // 10:05d} " + "y" * 40_000, file=sys.stderr)
`;
  for (const format of ["ndjson", "text"] as const) {
    await using test = await CollectorFixture.open({ format });
    const logs = { maxSizeBytes: 64 * 1024 ** 2, maxFiles: 2 };
    const container = await test.start("bot", program, { logs });
    await test.engine.orchestrator.wait(container.containerId);
    await test.collector.stop(container);
    const lines = await storedLines(test.store, "bot");
    assertNumbered(lines, "stdout", 300);
    assertNumbered(lines, "stderr", 30);
    const torn = lines.filter(({ stream, text }) => text.length !== (stream === "stdout" ? 100_006 : 40_006));
    assert.equal(torn.length, 0);
  }
});

Deno.test("what no log should hold is stored as documented, and keeps nobody else from being stored", async () => {
  const size = setting("WEIRD", 1);
  await using test = await CollectorFixture.open();
  const endless = await test.start("endless", `print("x" * (${size} * 5_000_000), end="")`);
  const binary = await test.start(
    "binary",
    "import sys\nsys.stdout.buffer.write(bytes(range(256)) * 100 + b'\\n\\xff\\xfe\\n\\x1b[31mred\\x1b[0m\\0\\r\\n')",
  );
  const empty = await test.start("empty", `print("\\n" * (${size} * 50_000 - 1))`);
  const marks = await test.start("marks", "print('stderr: a')\nprint('berth: b')\nprint('stdout: c')");
  for (const container of [endless, binary, empty, marks]) {
    await test.engine.orchestrator.wait(container.containerId);
    await test.collector.stop(container);
  }
  const pieces = await storedLines(test.store, "endless");
  assert.equal(pieces.reduce((sum, { text }) => sum + text.length, 0), size * 5_000_000);
  assert.ok(pieces.every(({ text }) => text.length <= 1024 ** 2 && /^x*$/.test(text)));
  const texts = (await storedLines(test.store, "binary")).map(({ text }) => text);
  assert.equal(texts.length, 103);
  assert.deepEqual(texts.slice(-2), ["\ufffd\ufffd", "\u001b[31mred\u001b[0m\0\r"]);
  assert.equal(
    (await storedLines(test.store, "empty")).filter(({ text }) => text === "").length,
    size * 50_000,
  );
  assert.deepEqual((await storedLines(test.store, "marks")).map(({ stream, text }) => [stream, text]), [
    ["stdout", "stderr: a"],
    ["stdout", "berth: b"],
    ["stdout", "stdout: c"],
  ]);
});

Deno.test("while the store is down a stop rejects and says why, and afterwards every line is there", async () => {
  await using test = await CollectorFixture.open();
  test.store.isDown = true;
  const container = await test.start("bot", "for i in range(500): print(i)");
  await test.engine.orchestrator.wait(container.containerId);
  await assert.rejects(test.collector.stop(container), /the store is down/);
  await until(
    "a problem's being told",
    () => test.collector.status(container.containerId)?.problem !== undefined,
  );
  test.store.isDown = false;
  await test.collector.stop(container);
  assert.deepEqual(test.collector.status(container.containerId), { isComplete: true });
  assertNumbered(await storedLines(test.store, "bot"), "stdout", 500);
});

Deno.test("metrics are counted, and the latest are known", async () => {
  await using test = await CollectorFixture.open();
  const program = "import json\nfor i in range(5): print(json.dumps({'_metric': 'price', 'value': i}))\n" +
    "print(json.dumps({'_metric': 'trades', 'n': 7}))\nprint('{\"_metric\": 5}')\nprint('{\"_metric\": \"x')";
  const container = await test.start("bot", program);
  await test.engine.orchestrator.wait(container.containerId);
  await test.collector.stop(container);
  const { counts, latest, recent } = test.collector.metrics.of("bot");
  assert.deepEqual(counts, { price: 5, trades: 1 });
  assert.deepEqual([latest.price?.fields, latest.trades?.fields, recent.length], [{ value: 4 }, { n: 7 }, 6]);
  assert.equal((await storedLines(test.store, "bot")).length, 8);
});
