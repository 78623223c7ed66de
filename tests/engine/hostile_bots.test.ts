import assert from "node:assert/strict";
import type { ExecutionResult } from "../../lib/runner/execution_result.ts";
import { canBe, startRunnerProcess } from "../support/processes/runner_process.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

/** Prints `ready` when it has done its worst, and stays. */
function bot(worst: string): string {
  return `import os, socket, threading, time\ndef main(id, config):\n${indent(worst)}
    print("ready", flush=True)
    while True: time.sleep(0.05)
`;
}

function indent(code: string): string {
  return code.trim().split("\n").map((line) => `    ${line}`).join("\n");
}

/** Things that a bot can leave behind and that are hard to remove. */
const WORST = `
import subprocess
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
for name in ["a\\nb", "-rf", "$(id)", "*", b"\\xff", "x" * 255]: open(name, "w").close()
os.makedirs(b"no-utf8-\\xff/inside")
os.symlink("/", "root")
os.makedirs("locked/inside")
open("locked/inside/file", "w").close()
os.chmod("locked/inside/file", 0)
os.chmod("locked/inside", 0)
os.chmod("locked", 0)
os.mkdir("deep"); os.chdir("deep")
for _ in range(15_000): os.mkdir("d"); os.chdir("d")
os.chdir(os.environ["CODE_MOUNT_DIR"])
`;

async function runBacktest({ runner, deploy }: RunnerFixture, body: string): Promise<ExecutionResult> {
  const code = `import os\ndef main(id, config):\n${indent(body)}\n`;
  return await runner.startContainer(await deploy({ "main.py": code }, { entrypoint: "backtest" }));
}

Deno.test("DockerRunner removes whatever a bot leaves in its folder: deep, locked, and named without sense", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders } = fixture;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": bot(WORST) }));
  await linesUntil(runner, containerId, /^ready$/);
  await runner.stopContainer(containerId, { graceSeconds: 0 });
  assert.deepEqual(await folders(), []);
});

Deno.test("DockerRunner removes the folder of a bot that goes on filling it", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, folders } = fixture;
  const fill = `
import itertools
def fill(n):
    for i in itertools.count():
        os.makedirs(f"{n}-{i}/a/b"); open(f"{n}-{i}/a/b/c", "w").close()
for n in range(4): threading.Thread(target=fill, args=(n,), daemon=True).start()
`;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": bot(fill) }));
  await linesUntil(runner, containerId, /^ready$/);
  await runner.removeContainer(containerId);
  assert.deepEqual(await folders(), []);
});

const SOMEBODY = { uid: 1000, gid: 1000 };
const canBeSomebody = canBe(SOMEBODY);
if (!canBeSomebody) {
  console.warn(
    "NOT RUN: removal by a Berth that is not root needs root, setpriv, and a repository that all may read.",
  );
}

Deno.test({
  name: "DockerRunner that is not root removes what a bot left as root, and its helper",
  ignore: !canBeSomebody,
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, temp, config, folders, containers } = fixture;
    const executable = await deploy({ "main.py": bot(WORST) });
    const socket = await Deno.stat(config.dockerHost.replace("unix://", ""));
    const user = { uid: SOMEBODY.uid, gid: socket.gid! };
    const { success } = await new Deno.Command("chown", { args: ["-R", `${user.uid}`, temp] }).output();
    assert.ok(success);
    const variables = { BOT_USER: "0:0", BOT_CAPABILITIES: "DAC_OVERRIDE" };
    await using other = await startRunnerProcess(fixture, { user, variables });
    const { containerId } = await other.call("startContainer", executable);
    await linesUntil(runner, containerId, /^ready$/);
    const [folder] = await folders();
    const { uid } = await Deno.lstat(
      `${config.tempDir}/${config.instance}/containers/${folder}/view/locked`,
    );
    assert.equal(uid, 0);
    await other.call("stopContainer", containerId);
    assert.deepEqual([await folders(), await containers()], [[], []]);
  },
});

for (
  const [what, body] of [
    ["no result", "os._exit(0)"],
    ["a folder as its result", "os.mkdir('result.json'); os._exit(0)"],
    ["a pipe as its result", "os.mkfifo('result.json'); os._exit(0)"],
    ["a device's link as its result", "os.symlink('/dev/zero', 'result.json'); os._exit(0)"],
    ["a result of 65 MiB", "open('result.json', 'w').truncate(65 << 20); os._exit(0)"],
  ] as const
) {
  Deno.test(`DockerRunner tells the outcome of a backtest that leaves ${what}, without one`, async () => {
    await using fixture = await RunnerFixture.open();
    const ended = await runBacktest(fixture, body);
    assert.deepEqual([ended.status, ended.status !== "running" && ended.exitCode], ["success", 0]);
    assert.ok(!("result" in ended));
    const { store, config: { buckets: { results } } } = fixture;
    const keys = (await Array.fromAsync(store.list(results, ""))).map(({ key }) => key);
    assert.deepEqual(keys.map((key) => key.split("/")[1]), ["analysis.json"]);
    const content = await store.get(results, keys[0]!);
    const kept = await new Response(content.body as ReadableStream<Uint8Array<ArrayBuffer>>).json();
    assert.deepEqual([kept.status, kept.error_type, kept.exit_code], ["error", "NoResult", 0]);
  });
}

Deno.test("DockerRunner passes a result on as it is, whatever its bytes", async () => {
  await using fixture = await RunnerFixture.open();
  const ended = await runBacktest(fixture, "open('result.json', 'wb').write(b'{\\xff\\x00'); os._exit(4)");
  assert.ok(ended.status === "error" && ended.exitCode === 4, JSON.stringify(ended));
  assert.deepEqual(ended.result, Uint8Array.of(0x7b, 0xff, 0));
});

Deno.test("DockerRunner says that a bot was killed for the memory it used", async () => {
  await using fixture = await RunnerFixture.open({ BOT_MEMORY_LIMIT_MB: "64" });
  const ended = await runBacktest(fixture, "x = [bytearray(8 << 20) for _ in range(100)]");
  assert.ok(ended.status === "error", JSON.stringify(ended));
  assert.match(ended.message, /out of memory: had 64 MB/);
  assert.equal(ended.exitCode, 137);
});

Deno.test("DockerRunner holds a fork bomb, and stops it", async () => {
  await using fixture = await RunnerFixture.open({ BOT_PIDS_LIMIT: "24" });
  const { runner, deploy } = fixture;
  const bomb = `
while True:
    try: os.fork()
    except OSError: break
processes = sum(name.isdigit() for name in os.listdir("/proc"))
print("full", processes, flush=True)
`;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": bot(bomb) }));
  const lines = await linesUntil(runner, containerId, /^full \d+$/);
  const processes = Number(lines.at(-1)!.split(" ")[1]);
  assert.ok(processes > 8 && processes <= 24, `${processes}`);
  const { how } = await runner.stopContainer(containerId, { graceSeconds: 2 });
  assert.ok(how === "stopped" || how === "killed");
});

Deno.test("DockerRunner lets a program that crashes leave no core file, however often it does", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const bomb = `
import resource, signal
bound = resource.getrlimit(resource.RLIMIT_CORE)
dumped = 0
for _ in range(20):
    child = os.fork()
    if child == 0: os.kill(os.getpid(), signal.SIGSEGV)
    dumped += os.WCOREDUMP(os.waitpid(child, 0)[1])
print("cores", bound, dumped, flush=True)
`;
  const { containerId } = await runner.startContainer(await deploy({ "main.py": bot(bomb) }));
  const lines = await linesUntil(runner, containerId, /^cores /);
  assert.equal(lines.at(-1), "cores (0, 0) 0");
  await runner.stopContainer(containerId, { graceSeconds: 2 });
});
