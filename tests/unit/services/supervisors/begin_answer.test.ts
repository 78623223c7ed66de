import assert from "node:assert/strict";
import { DEFAULT_ARCHIVE_LIMITS } from "../../../../lib/archive/archive_limits.ts";
import { newOrderId, type WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { type ExecutableInput, parseExecutable } from "../../../../lib/executable/executable.ts";
import { runnerContent } from "../../../../services/supervisors/runner_content.ts";
import { beginAnswer } from "../../../../services/supervisors/begin_answer.ts";

const SHA256 = "0".repeat(64);

const EXECUTABLE = { id: "grid", entrypointFiles: { bot: "main.py" }, filePath: "me/grid/1" };

function answerTo(executable: Partial<ExecutableInput>, more: Partial<WorkOrder> = {}) {
  const order: WorkOrder = {
    id: newOrderId(),
    kind: "bot",
    executable: parseExecutable({ ...EXECUTABLE, ...executable }),
    specHash: "h",
    lease: { key: "bot/grid", owner: "o", epoch: 9, leaseSeconds: 30 },
    leaseMode: "strict",
    user: { uid: 1000, gid: 1000 },
    code: { key: "me/grid/1", sha256: SHA256, script: "main.py" },
    graceSeconds: 30,
    givenAt: "2026-01-31T09:00:00Z",
    ...more,
  };
  return beginAnswer(order, {
    token: "t",
    addresses: new Map([["code", ["/c"]], ["libraries", ["/l"]], ["scripts", ["/s"]]]),
    secrets: new Map([["KEY", "v"]]),
    limits: DEFAULT_ARCHIVE_LIMITS,
    cacheBytes: 1,
    leaseAgeMs: 1500,
    // deno-lint-ignore no-explicit-any -- the other side is Go
  }) as any;
}

Deno.test("beginAnswer() describes the container that a bot has on one host", () => {
  const { env, command, workingDir, lease, files, secrets, code } = answerTo({ config: '{"a":1}' });
  assert.equal(env.CONFIG, '{"a":1}');
  assert.equal(env.SCRIPT_PATH, "main.py");
  assert.equal(env.LEASE_EPOCH, "9");
  assert.equal(env.KEY_FILE, "/run/secrets/KEY");
  assert.equal(env.KEY, undefined);
  assert.equal(command.at(-1), "/berth/entrypoint.sh");
  assert.equal(workingDir, "/tmp");
  assert.deepEqual(lease, {
    renewEveryMs: 7500,
    stopAfterMs: 20_000,
    killAfterMs: 27_000,
    overAfterMs: 34_000,
    ageMs: 1500,
    epoch: 9,
    isStrict: true,
  });
  const config = files.find(({ path }: { path: string }) => path === "/berth-own/config.json");
  assert.deepEqual(config, { path: "/berth-own/config.json", text: '{"a":1}', mode: 0o400, isBots: true });
  assert.deepEqual(secrets.values, { KEY: "v" });
  assert.deepEqual(code.archives.map(({ how, target }: { how: string; target: string }) => [how, target]), [
    ["copy", "/bot"],
  ]);
});

Deno.test("beginAnswer() names the runner's files by their content, so that containers share them", () => {
  const { runner } = answerTo({ config: '{"a":1}' });
  const { files, links, sha256 } = runnerContent(parseExecutable({ ...EXECUTABLE, config: '{"a":3}' }));
  assert.deepEqual(runner, { folder: "/berth", sha256 });
  assert.deepEqual(links, {
    "config.json": "/berth-own/config.json",
    "stop_reason": "/berth-own/stop_reason",
  });
  const paths = files.map(({ path }) => path);
  assert(paths.includes("entrypoint.sh") && paths.includes("python_wrapper.py"), String(paths));
  assert.equal(answerTo({ config: '{"a":2}' }).runner.sha256, runner.sha256);
  assert.notEqual(answerTo({ runtime: "nodejs20" }).runner.sha256, runner.sha256);
});

Deno.test("beginAnswer() puts libraries and translated scripts in their places", () => {
  const built = (name: string) => ({ key: `dependencies/${name}/${"0".repeat(8)}.zip`, sha256: SHA256 });
  const { env, code, links } = answerTo({
    runtime: "nodejs20",
    entrypointFiles: { bot: "src/main.ts" },
    dependencies: { libraries: { ...built("node"), folder: "node_modules" }, scripts: built("scripts") },
  }, { code: { key: "k", sha256: SHA256, script: "src/main.ts" } });
  assert.equal(env.SCRIPT_PATH, "src/main.ts.mjs");
  assert.deepEqual(
    code.archives.slice(1).map(({ how, target, urls, file, name }: Record<string, unknown>) => [
      how,
      target,
      urls,
      file ?? name,
    ]),
    [
      ["link", "/bot/node_modules", ["/l"], "node_modules"],
      ["file", "/bot/src/main.ts.mjs", ["/s"], "src/main.ts.mjs"],
    ],
  );
  assert.deepEqual(links, [{ path: "/node_modules/berth", target: "/berth/sdk/node" }]);
});

Deno.test("beginAnswer() runs the program of an image in its own folder", () => {
  const { command, workingDir, files } = answerTo(
    { runtime: "image", image: "me/bot:1", entrypointFiles: {} },
    { code: { key: "k", sha256: SHA256 }, program: { command: ["/bin/trade"] } },
  );
  assert.deepEqual(command, ["/bin/trade"]);
  assert.equal(workingDir, undefined);
  assert.deepEqual(files.map(({ path }: { path: string }) => path), [
    "/berth-own/config.json",
    "/berth-own/stop_reason",
  ]);
});

Deno.test("beginAnswer() has the runner's files compiled by images that are certainly the same", () => {
  const image = `python:3.11-slim@sha256:${"a".repeat(64)}`;
  const own = runnerContent(parseExecutable(EXECUTABLE)).sha256;
  const { runner } = answerTo({}, { image });
  assert.equal(runner.compile[0], "python3");
  assert.notEqual(runner.sha256, own);
  assert.deepEqual(answerTo({}, { image }).runner, runner);
  assert.notEqual(
    answerTo({}, { image: image.replace("sha256:a", "sha256:b") }).runner.sha256,
    runner.sha256,
  );
  for (const other of [{}, { image: "python:3.11-slim" }]) {
    assert.deepEqual(answerTo({}, other).runner, { folder: "/berth", sha256: own });
  }
  const { runner: node } = answerTo({ runtime: "nodejs20" }, { image });
  assert.equal(node.compile, undefined);
});
