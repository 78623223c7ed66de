import assert from "node:assert/strict";
import {
  ContainerConflictError,
  ContainerNotFoundError,
  ImageUnavailableError,
  InvalidArchiveError,
  ObjectNotFoundError,
} from "../../lib/errors.ts";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const PYTHON_LOOP = `
import time
def main(id, config):
    try:
        print("ready", flush=True)
        while True:
            time.sleep(0.05)
    finally:
        print("finally ran")
`;

Deno.test("DockerRunner runs a Python bot, gives its lines, and stops it as soon as it ends", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const started = await runner.startContainer(await deploy({ "main.py": PYTHON_LOOP }));
  assert.equal(started.status, "running");
  await linesUntil(runner, started.containerId, /^ready$/);
  const stopped = await runner.stopContainer(started.containerId);
  assert.equal(stopped.how, "stopped");
  assert.equal(stopped.exitCode, 143);
  assert.match(stopped.output, /^ready\nfinally ran\n/);
});

Deno.test("DockerRunner kills a bot that ignores SIGTERM after the grace period, and says so", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code =
    "import signal, time\ndef main(id, config):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
    "    print('ready', flush=True)\n    while True: time.sleep(1)\n";
  const { containerId } = await runner.startContainer(await deploy({ "main.py": code }));
  await linesUntil(runner, containerId, /^ready$/);
  const { how, exitCode } = await runner.stopContainer(containerId, { graceSeconds: 1 });
  assert.deepEqual([how, exitCode], ["killed", 137]);
});

Deno.test("DockerRunner measures what it lists", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": PYTHON_LOOP }));
  await linesUntil(runner, containerId, /^ready$/);
  const [listed] = await runner.listManagedContainers(ALL_SEGMENTS, { kind: "bot" });
  const usage = await runner.getUsage(listed!);
  assert.ok(usage && usage.cpuSeconds > 0 && usage.memoryBytes > 0 && usage.processes! > 0);
  await runner.stopContainer(containerId);
  assert.equal(await runner.getUsage(listed!), undefined);
});

Deno.test("DockerRunner tells a run its slot, and a bot of none", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code = "import os\ndef main(id, config): return os.environ.get('SLOT', 'none')\n";
  const executable = await deploy({ "main.py": code }, { isLongRunning: false, persistResults: true });
  const slotTime = new Date(Date.UTC(2026, 0, 31, 9));
  const slot = `${slotTime.getTime() / 1000}-r2`;
  for (
    const [options, expected] of [[{ slot, slotTime }, "2026-01-31T09:00:00Z"], [{}, "none"]] as const
  ) {
    const ended = await runner.startContainer(executable, options);
    assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
    assert.equal(JSON.parse(new TextDecoder().decode(ended.result)), expected);
  }
});

for (
  const [kind, files] of [
    ["a CommonJS module", {
      "main.js": "module.exports = (id, config) => ({ id, answer: config.answer * 2 });",
    }],
    ["an ES module", {
      "package.json": '{"type":"module"}',
      "main.js": "export default async (id, config) => ({ id, answer: config.answer * 2 });",
    }],
  ] as const
) {
  Deno.test(`DockerRunner runs ${kind} of Node`, async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy } = fixture;
    const executable = await deploy(files, {
      id: "node-bot",
      runtime: "nodejs20",
      entrypoint: "backtest",
      entrypointFiles: { backtest: "main.js" },
      config: { answer: 21 },
    });
    const ended = await runner.startContainer(executable);
    assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(ended.result)), { id: "node-bot", answer: 42 });
  });
}

/** Quotes, substitutions, line ends, astral characters; spaced as no serialiser would. */
const HOSTILE =
  `{ "q": "'\\"'", "s": "$(touch /tmp/x) \`id\` \${HOME} %s \\\\n", "n": "a\\nb\\r\\n", "e": "🚢é\\u0000",  "big": 1.10 }`;
const HOSTILE_LARGE = HOSTILE.replace(/\}$/, `, "fill": "${"ä$(x)'\\\\".repeat(30_000)}" }`);

for (const [size, config] of [["small", HOSTILE], ["200 KB", HOSTILE_LARGE]] as const) {
  Deno.test(`DockerRunner brings a ${size} configuration into both languages byte for byte`, async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy } = fixture;
    const python = `
import hashlib, json, os
def main(id, config):
    raw = open(os.environ["CONFIG_FILE"], "rb").read()
    env = os.environ.get("CONFIG")
    assert env is None or env.encode() == raw, "CONFIG differs from its file"
    return {"sha256": hashlib.sha256(raw).hexdigest(), "same": json.loads(raw) == config, "env": env is not None}
`;
    const node = `
const crypto = require("crypto"), fs = require("fs"), { isDeepStrictEqual } = require("util");
module.exports = (id, config) => {
  const raw = fs.readFileSync(process.env.CONFIG_FILE);
  const env = process.env.CONFIG;
  if (env !== undefined && env !== raw.toString()) throw new Error("CONFIG differs from its file");
  const sha256 = crypto.createHash("sha256").update(raw).digest("hex");
  return { sha256, same: isDeepStrictEqual(JSON.parse(raw), config), env: env !== undefined };
};`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(config));
    const sha256 = new Uint8Array(digest).toHex();
    for (
      const [runtime, file, code] of [["python3.11", "main.py", python], [
        "nodejs20",
        "main.js",
        node,
      ]] as const
    ) {
      const ended = await runner.startContainer(
        await deploy({ [file]: code }, {
          runtime,
          entrypoint: "backtest",
          entrypointFiles: { backtest: file },
          config,
        }),
      );
      assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
      const expected = { sha256, same: true, env: size === "small" };
      assert.deepEqual(JSON.parse(new TextDecoder().decode(ended.result)), expected, runtime);
    }
  });
}

Deno.test("DockerRunner closes a container off, and tells it no secrets", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code = `
import os
def main(id, config):
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    return {"uid": os.getuid(), "caps": status["CapEff"].strip(), "noNewPrivs": status["NoNewPrivs"].strip(),
            "minio": [name for name in os.environ if "MINIO" in name], "cwd": os.getcwd(), "pid1": open("/proc/1/comm").read().strip()}
`;
  const ended = await runner.startContainer(await deploy({ "main.py": code }, { entrypoint: "backtest" }));
  assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
  const { uid, ...rest } = JSON.parse(new TextDecoder().decode(ended.result));
  assert.notEqual(uid, 0);
  assert.match(rest.pid1, /init/);
  assert.deepEqual({ ...rest, pid1: "" }, {
    caps: "0000000000000000",
    noNewPrivs: "1",
    minio: [],
    cwd: "/backtest",
    pid1: "",
  });
});

Deno.test("DockerRunner.prepare() has code fetched ahead, and starts nothing", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, store, containers, folders } = fixture;
  const executable = await deploy({ "main.py": PYTHON_LOOP });
  const { get } = store;
  let fetched = 0;
  store.get = (...args) => (fetched++, get.apply(store, args));
  await runner.prepare(executable);
  await runner.prepare(executable);
  assert.deepEqual([fetched, await containers(), await folders()], [1, [], []]);
  const { containerId } = await runner.startContainer(executable);
  assert.equal(fetched, 1);
  await runner.removeContainer(containerId);
  await assert.rejects(runner.prepare({ ...executable, filePath: "nothing" }), ObjectNotFoundError);
});

Deno.test("DockerRunner.startContainer() ensures: again is a no-op, another specification is reported", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy({ "main.py": PYTHON_LOOP });
  const first = await runner.startContainer(executable, { wait: false });
  const again = await runner.startContainer(executable, { wait: false });
  assert.deepEqual(again, { ...first, created: false, container: again.container });
  assert.deepEqual(again.container, await runner.getContainerStatus(first.containerId));
  await assert.rejects(
    runner.startContainer({ ...executable, config: '{"other":1}' }),
    (error) => error instanceof ContainerConflictError && /another specification/.test(error.message),
  );
  const [only, ...more] = await runner.listManagedContainers(ALL_SEGMENTS);
  assert.deepEqual([only?.containerId, only?.phase, more.length], [first.containerId, "running", 0]);
  await runner.stopContainer(first.containerId);
});

Deno.test("DockerRunner.startContainer() called 8 times at once makes one container", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders } = fixture;
  const executable = await deploy({ "main.py": PYTHON_LOOP });
  const results = await Promise.all(Array.from({ length: 8 }, () => runner.startContainer(executable)));
  assert.equal(results.filter((result) => result.status === "running" && result.created).length, 1);
  assert.equal(new Set(results.map(({ containerId }) => containerId)).size, 1);
  assert.equal((await folders()).length, 1);
  await runner.stopContainer(results[0]!.containerId);
});

Deno.test("DockerRunner.startContainer() reports a container that has exited and was not removed", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy({ "main.py": "def main(id, config): raise SystemExit(3)" });
  const { containerId } = await runner.startContainer(executable);
  await Array.fromAsync(runner.getContainerLogs(containerId, { follow: true }));
  await assert.rejects(runner.startContainer(executable), /has exited and was not removed/);
  const status = await runner.getContainerStatus(containerId);
  assert.deepEqual([status?.phase, status?.exitCode, status?.id], ["exited", 3, executable.id]);
  await runner.removeContainer(containerId);
  assert.equal(await runner.getContainerStatus(containerId), undefined);
});

Deno.test("DockerRunner.startContainer() keeps the result of a backtest, and gives lines while it runs", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, store, config } = fixture;
  const code =
    "import sys\ndef main(id, config):\n    print('working')\n    print('careful', file=sys.stderr)\n    return {'metrics': {'x': 1}}\n";
  const executable = await deploy({ "main.py": code }, { entrypoint: "backtest" });
  const lines: string[] = [];
  const ended = await runner.startContainer(executable, {
    onLine: (line) => lines.push(`${line.stream} ${line.text}`),
  });
  assert.equal(ended.status, "success");
  assert.deepEqual(lines.toSorted(), ["stderr careful", "stdout working"]);
  const { body } = await store.get(config.buckets.results, `${executable.id}/analysis.json`);
  assert.deepEqual(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).json(), {
    metrics: { x: 1 },
  });
});

Deno.test("DockerRunner.startContainer() tells how a backtest failed", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy(
    { "main.py": "def main(id, config):\n    raise ValueError('no data')\n" },
    {
      entrypoint: "backtest",
    },
  );
  const ended = await runner.startContainer(executable);
  assert.ok(ended.status === "error" && ended.result, JSON.stringify(ended));
  assert.equal(ended.exitCode, 1);
  assert.match(ended.output, /Traceback[^]*main\.py[^]*ValueError: no data/);
  assert.equal(JSON.parse(new TextDecoder().decode(ended.result)).status, "error");
});

Deno.test("DockerRunner does not follow a link that a bot leaves as its result", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const code =
    "import os\ndef main(id, config):\n    os.symlink('/etc/hostname', 'result.json')\n    os._exit(0)\n";
  const ended = await runner.startContainer(await deploy({ "main.py": code }, { entrypoint: "backtest" }));
  assert.ok(ended.status === "success", JSON.stringify(ended));
  assert.equal(ended.result, undefined);
});

Deno.test("DockerRunner.startContainer() given up during a backtest stops it and leaves nothing", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy({ "main.py": PYTHON_LOOP }, { entrypoint: "backtest" });
  const abort = new AbortController();
  const running = runner.startContainer(executable, {
    signal: abort.signal,
    onLine: () => abort.abort(new Error("enough")),
  });
  await assert.rejects(running, /enough/);
});

Deno.test("DockerRunner.startContainer() given up at any moment leaves nothing", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy({ "main.py": PYTHON_LOOP });
  for (const delay of [0, 5, 15, 30, 60, 100, 150]) {
    const started = await runner.startContainer(executable, { signal: AbortSignal.timeout(delay) })
      .catch(() => undefined);
    if (started) await runner.stopContainer(started.containerId, { graceSeconds: 0 });
    assert.deepEqual(await runner.listManagedContainers(ALL_SEGMENTS), [], `after ${delay} ms`);
  }
});

Deno.test("DockerRunner.startContainer() that fails leaves neither container nor folder", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, store, config, another, folders } = fixture;
  const good = await deploy({ "main.py": PYTHON_LOOP });
  const missing = { ...good, filePath: "tests/none" };
  await assert.rejects(runner.startContainer(missing), ObjectNotFoundError);
  await assert.rejects(
    runner.startContainer({ ...good, entrypointFiles: { bot: "other.py" } }),
    (error) => error instanceof InvalidArchiveError && error.problem === "missing-script",
  );
  await store.put(config.buckets.code, "tests/text", new TextEncoder().encode("this is no archive"));
  await assert.rejects(runner.startContainer({ ...good, filePath: "tests/text" }), InvalidArchiveError);
  const imageless = another({ RUNTIME_IMAGES: "python3.11=berth-test/no-such-image:none" });
  await assert.rejects(imageless.startContainer(good), ImageUnavailableError);
  const badNetwork = another({ BOT_NETWORK: "berth-test-no-such-network" });
  await assert.rejects(badNetwork.startContainer(good), /network/);
  assert.deepEqual(await folders(), []);
  assert.deepEqual(await runner.listManagedContainers(ALL_SEGMENTS), []);
});

Deno.test("DockerRunner touches only containers of its instance, and lists by segment", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, another } = fixture;
  const other = another({ BERTH_INSTANCE: `test-${crypto.randomUUID().slice(0, 8)}` });
  const bot = await deploy({ "main.py": PYTHON_LOOP }, { segment: 1 });
  const one = await runner.startContainer(bot, { wait: false });
  const two = await runner.startContainer(await deploy({ "main.py": PYTHON_LOOP }, { segment: 2 }));
  const ids = async (segment: number) =>
    (await runner.listManagedContainers(segment)).map(({ containerId }) => containerId).sort();
  assert.deepEqual(await ids(1), [one.containerId]);
  assert.deepEqual(await ids(2), [two.containerId]);
  assert.deepEqual(await ids(ALL_SEGMENTS), [one.containerId, two.containerId].sort());
  assert.deepEqual(await other.listManagedContainers(ALL_SEGMENTS), []);
  for (const container of [one.containerId, one.container]) {
    await assert.rejects(other.stopContainer(container), ContainerNotFoundError);
  }
  await other.removeContainer(one.containerId);
  assert.equal((await runner.getContainerStatus(one.containerId))?.phase, "running");
  await Promise.all([one, two].map(({ containerId }) => runner.stopContainer(containerId)));
});

Deno.test("DockerRunner.removeOrphans() removes what a killed process left, and nothing else", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, config, folders } = fixture;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": PYTHON_LOOP }));
  const kept = await folders();
  const orphan = `${config.tempDir}/${config.instance}/containers/bot-killed-0000`;
  await Deno.mkdir(orphan);
  await Deno.writeTextFile(`${orphan}/main.py`, "");
  assert.deepEqual(await runner.removeOrphans(), ["bot-killed-0000"]);
  assert.deepEqual(await folders(), kept);
  assert.equal((await runner.getContainerStatus(containerId))?.phase, "running");
  await runner.stopContainer(containerId);
});

Deno.test("DockerRunner drops setuid bits and keeps executable ones", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, store, config } = fixture;
  const executable = await deploy({}, { entrypoint: "backtest" });
  const { zipSync } = await import("fflate");
  const code = new TextEncoder().encode(
    "import os\ndef main(id, config):\n    return {name: oct(os.stat(name).st_mode & 0o7777) for name in ['tool', 'data']}\n",
  );
  const entry = (mode: number) => ({ os: 3, attrs: ((0o100000 | mode) << 16) >>> 0 });
  await store.put(
    config.buckets.code,
    executable.filePath,
    zipSync({
      "main.py": code,
      "tool": [new Uint8Array(1), entry(0o6755)],
      "data": [new Uint8Array(1), entry(0o644)],
    }),
  );
  const ended = await runner.startContainer(executable);
  assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(ended.result)), { tool: "0o777", data: "0o666" });
});

Deno.test("DockerRunner.watch() tells of a bot that ends, and ends itself with its signal", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const executable = await deploy({ "main.py": "def main(id, config): raise SystemExit(3)" });
  const abort = new AbortController();
  const opened = Promise.withResolvers<void>();
  const hinted = new Set<string | undefined>();
  const ended = (async () => {
    for await (const hint of runner.watch({ signal: abort.signal, onOpen: opened.resolve })) {
      assert.deepEqual([hint.id, hint.kind], [executable.id, "bot"]);
      hinted.add(hint.containerId);
      if ((await runner.findContainers("bot", executable.id))[0]?.phase === "exited") {
        abort.abort(new Error("seen"));
      }
    }
  })();
  await Promise.race([opened.promise, ended]);
  const { containerId } = await runner.startContainer(executable);
  await assert.rejects(ended, /seen/);
  assert.deepEqual([...hinted], [containerId]);
  await runner.removeContainer(containerId);
  assert.deepEqual(await runner.findContainers("bot", executable.id), []);
});
