/** Secrets of a bot: how it gets them, and who else does not. */
import assert from "node:assert/strict";
import { SecretUnavailableError } from "../../lib/errors.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { openMemoryFolder } from "../support/memory_folder.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const KEY = "correct-horse/battery+staple";
/** Only root may mount a folder in memory. */
const isRoot = Deno.uid() === 0;
if (!isRoot) console.warn("NOT RUN: the tests of secrets need root.");

/** Gives the test a folder of secrets. */
async function writeSecrets(
  { temp }: Pick<RunnerFixture, "temp">,
  files: Record<string, string>,
): Promise<void> {
  await Deno.mkdir(`${temp}/secrets`, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(files)) {
    await Deno.writeTextFile(`${temp}/secrets/${name}`, value, { mode: 0o600 });
  }
}

/** A runner whose secrets are in the folder of the test. Its functions may be taken out of the fixture. */
class SecretsFixture implements AsyncDisposable {
  readonly runner: Runner;
  readonly config: RunnerFixture["config"];
  readonly store: RunnerFixture["store"];
  readonly temp: string;
  readonly another: RunnerFixture["another"];
  readonly deploy: RunnerFixture["deploy"];
  readonly folders: RunnerFixture["folders"];
  readonly containers: RunnerFixture["containers"];
  readonly #stack: AsyncDisposableStack;

  private constructor(fixture: RunnerFixture, stack: AsyncDisposableStack) {
    const { config, store, temp, another, deploy, folders, containers } = fixture;
    [this.config, this.store, this.temp, this.another] = [config, store, temp, another];
    [this.deploy, this.folders, this.containers] = [deploy, folders, containers];
    this.runner = another({ SECRETS_DIR: `${temp}/secrets` });
    this.#stack = stack;
  }

  static async open(): Promise<SecretsFixture> {
    await using stack = new AsyncDisposableStack();
    const memory = stack.use(await openMemoryFolder());
    const fixture = stack.use(await RunnerFixture.open({ SECRETS_RUN_DIR: memory.path }));
    stack.defer(async () => assert.deepEqual(await secretFolders(fixture), [], "secrets are left in memory"));
    return new SecretsFixture(fixture, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Folders of secrets that this instance has in memory. */
async function secretFolders(
  { config: { secrets, instance } }: Pick<RunnerFixture, "config">,
): Promise<string[]> {
  const parent = `${secrets.runDir}/${instance}`;
  return (await Array.fromAsync(Deno.readDir(parent)).catch(() => [])).map(({ name }) => `${parent}/${name}`);
}

const TELLER = `
import json, os, time
def main(id, config):
    path = os.environ["API_KEY_FILE"]
    found = os.stat(path)
    can_write = []
    # It is the bot's own file: only the mount keeps it from changing the mode.
    for change in (lambda: open(path, "w"), lambda: os.chmod(path, 0o600), lambda: os.mkdir("/run/secrets/more")):
        try: can_write.append(str(change()))
        except OSError: pass
    with open(path) as file: value = file.read()
    print(json.dumps({"path": path, "mode": oct(found.st_mode & 0o777), "own": found.st_uid == os.getuid(),
        "length": len(value), "names": sorted(os.listdir("/run/secrets")), "can_write": can_write,
        "in_env": [k for k, v in os.environ.items() if v == value],
        "memory": any(" /run/secrets " in line and " - tmpfs " in line for line in open("/proc/self/mountinfo"))}), flush=True)
    while True: time.sleep(0.05)
`;

Deno.test("a bot gets its secrets as read-only files in memory, and as variables only when it asks", async () => {
  await using stage = await SecretsFixture.open();
  const { runner, deploy } = stage;
  await writeSecrets(stage, { key: `${KEY}\n`, other: "not asked for" });
  await using engine = await EngineFixture.open();
  for (const secretsAsEnv of [false, true]) {
    const executable = await deploy({ "main.py": TELLER }, {
      secrets: { API_KEY: "file:key" },
      secretsAsEnv,
    });
    const { containerId } = await runner.startContainer(executable);
    const [line] = (await linesUntil(runner, containerId, /^\{/)).slice(-1);
    assert.deepEqual(JSON.parse(line!), {
      path: "/run/secrets/API_KEY",
      mode: "0o400",
      own: true,
      length: KEY.length,
      names: ["API_KEY"],
      can_write: [],
      in_env: secretsAsEnv ? ["API_KEY"] : [],
      memory: true,
    });
    const inspected = JSON.stringify(await engine.docker.getContainer(containerId).inspect());
    assert.equal(inspected.includes(KEY), secretsAsEnv, "the engine shows what it was given");
    assert.equal((await secretFolders(stage)).length, 1);
    await runner.stopContainer(containerId, { graceSeconds: 0 });
    assert.deepEqual(await secretFolders(stage), []);
  }
});

Deno.test("a secret without a value keeps the bot from starting, and leaves nothing behind", async () => {
  await using stage = await SecretsFixture.open();
  const { runner, deploy, containers, folders } = stage;
  await writeSecrets(stage, { key: KEY, open: "open to all" });
  await Deno.chmod(`${stage.temp}/secrets/open`, 0o644);
  const cases = { "file:none": /no file/, "file:open": /mode 0644.*chmod 600/, "env:PATH": /SECRET_ENV/ };
  for (const [reference, problem] of Object.entries(cases)) {
    const executable = await deploy({ "main.py": TELLER }, {
      secrets: { API_KEY: "file:key", OTHER: reference },
    });
    for (const attempt of [() => runner.prepare(executable), () => runner.startContainer(executable)]) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof SecretUnavailableError);
        assert.match(error.message, problem);
        assert.match(error.message, new RegExp(`^Secret OTHER \\(${reference}\\) cannot be used: `));
        return true;
      });
    }
    assert.deepEqual([await containers(), await folders(), await secretFolders(stage)], [[], [], []]);
  }
});

Deno.test("secrets need a folder in memory, and say so where there is none", async () => {
  await using fixture = await RunnerFixture.open();
  await writeSecrets(fixture, { key: KEY });
  const variables = { SECRETS_DIR: `${fixture.temp}/secrets`, SECRETS_RUN_DIR: `${fixture.temp}/on-disk` };
  const runner = fixture.another(variables);
  const executable = await fixture.deploy({ "main.py": TELLER }, { secrets: { API_KEY: "file:key" } });
  // A running container is not stopped for a start that would fail.
  for (const attempt of [() => runner.prepare(executable), () => runner.startContainer(executable)]) {
    await assert.rejects(attempt(), /on-disk' is not on a file system in memory.*SECRETS_RUN_DIR/);
  }
  await assert.rejects(Deno.stat(variables.SECRETS_RUN_DIR), Deno.errors.NotFound);
});

const PRINTER = `
import base64, json, os, sys, time, urllib.parse
def main(id, config):
    key = open(os.environ["API_KEY_FILE"]).read()
    print("plain", key, flush=True)
    print(json.dumps({"_metric": "leak", "key": key}), flush=True)
    print("url", urllib.parse.quote(key, safe=""), file=sys.stderr, flush=True)
    print("basic", base64.b64encode(("user:" + key).encode()).decode(), flush=True)
    print("x" * 16380 + key + "y" * 40000, flush=True)
    if config.get("fail"): raise ValueError("refused " + key)
    return {"key": key, "list": [key + "!"], "n": 1}
`;

function assertHidden(text: string, what: string): void {
  for (const part of [KEY, "battery", encodeURIComponent(KEY), btoa(`user:${KEY}`).slice(8, -6)]) {
    assert.ok(!text.includes(part), `${what} shows '${part}':\n${text.slice(0, 2000)}`);
  }
}

Deno.test("secrets are hidden in output, results and errors of a program that prints them", async () => {
  await using stage = await SecretsFixture.open();
  const { runner, deploy, store, config } = stage;
  await writeSecrets(stage, { key: KEY });
  await store.ensureBucket(config.buckets.results);
  for (const fail of [false, true]) {
    const executable = await deploy({ "main.py": PRINTER }, {
      entrypoint: "backtest",
      secrets: { API_KEY: "file:key" },
      config: { fail },
    });
    const lines: string[] = [];
    const ended = await runner.startContainer(executable, { onLine: ({ text }) => lines.push(text) });
    assert.ok(ended.status === (fail ? "error" : "success"), JSON.stringify(ended));
    assertHidden(lines.join("\n"), "live output");
    assertHidden(ended.output, "output");
    assert.match(ended.output, /^plain \*\*\*$/m);
    assert.match(
      ended.output,
      /^x{16380}\*\*\*y{40000}$/m,
      "a secret across two entries of the engine's log",
    );
    const result = new TextDecoder().decode(ended.result);
    assertHidden(result, "result");
    if (!fail) assert.deepEqual(JSON.parse(result), { key: "***", list: ["***!"], n: 1 });
    else assert.match(result, /refused \*\*\*/);
    for await (const { key } of store.list(config.buckets.results, `${executable.id}/`)) {
      const { body } = await store.get(config.buckets.results, key);
      assertHidden(await new Response(body).text(), key);
    }
  }
});

const SNOOP = `
import glob, json, os, socket, time, urllib.request
def read(path):
    with open(path, "rb") as file: return file.read(1 << 20)
def main(id, config):
    needle = bytes.fromhex(config["needle"])
    tried, hits = 0, []
    def look(what, get):
        nonlocal tried
        tried += 1
        try: data = get()
        except Exception: return
        if data and needle in data: hits.append(what)
    paths = ["/run/secrets", "/run/berth", "/dev/shm", "/run", "/tmp", "/berth", "/state", config["folder"],
             "/proc/1/root/run/secrets", "/var/lib/docker", "/proc/self/mountinfo"] + glob.glob("/proc/[0-9]*/root/run/secrets")
    for root in paths:
        for path, _, files in os.walk(root):
            for name in files: look(path + "/" + name, lambda: read(path + "/" + name))
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"): look(path, lambda: read(path))
    look("folder on the host", lambda: read(config["folder"] + "/API_KEY"))
    def engine():
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("/var/run/docker.sock")
            return b""
    look("engine", engine)
    def mount():
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0 or libc.unshare(0x00020000) == 0: hits.append("mount")
    look("mount", mount)
    for name in os.listdir("/run/secrets"):
        try:
            os.chmod("/run/secrets/" + name, 0o666)
            hits.append("chmod")
        except OSError: pass
        try:
            os.unlink("/run/secrets/" + name)
            hits.append("unlink")
        except OSError: pass
    print(json.dumps({"tried": tried > 20, "hits": hits, "own": os.listdir("/run/secrets")}), flush=True)
    while True: time.sleep(0.05)
`;

Deno.test({
  name: "from inside one bot, every way to another bot's secret fails",
  ignore: !isRoot,
  async fn() {
    await using stage = await SecretsFixture.open();
    const { runner, deploy } = stage;
    await writeSecrets(stage, { key: KEY, other: "the snoop's own" });
    const victim = await runner.startContainer(
      await deploy({ "main.py": TELLER }, { secrets: { API_KEY: "file:key" }, secretsAsEnv: true }),
    );
    await linesUntil(runner, victim.containerId, /^\{/);
    const [folder] = await secretFolders(stage);
    const needle = [...new TextEncoder().encode(KEY)].map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    const snoop = await runner.startContainer(
      await deploy({ "main.py": SNOOP }, { secrets: { OWN: "file:other" }, config: { needle, folder } }),
    );
    const [line] = (await linesUntil(runner, snoop.containerId, /^\{/)).slice(-1);
    assert.deepEqual(JSON.parse(line!), { tried: true, hits: [], own: ["OWN"] });
    for (const path of await secretFolders(stage)) {
      for (const uid of ["65532", "2001000001", "1000"]) {
        const args = ["--reuid", uid, "--regid", uid, "--clear-groups", "ls", path];
        const { success } = await new Deno.Command("setpriv", { args, stdout: "null", stderr: "null" })
          .output();
        assert.equal(success, false, `user ${uid} reads ${path}`);
      }
    }
    for (const { containerId } of [victim, snoop]) {
      await runner.stopContainer(containerId, { graceSeconds: 0 });
    }
  },
});

Deno.test("another runner on the same containers hides their secrets, sees new values, and removes what is left over", async () => {
  await using stage = await SecretsFixture.open();
  const { runner, deploy, config } = stage;
  await writeSecrets(stage, { key: KEY });
  const executable = await deploy({
    "main.py": PRINTER.replace("return {", "time.sleep(600)\n    return {"),
  }, {
    secrets: { API_KEY: "file:key" },
  });
  const { containerId } = await runner.startContainer(executable);
  const next = stage.another({ SECRETS_DIR: `${stage.temp}/secrets` });
  // Gone from its source: what the container was given counts.
  await Deno.remove(`${stage.temp}/secrets/key`);
  assertHidden((await linesUntil(next, containerId, /^x{16}/)).join("\n"), "log");
  const find = async () => (await next.findContainers("bot", executable.id))[0]?.haveSecretsChanged;
  assert.equal(await find(), undefined, "a value that cannot be read has not changed");
  const past = new Date(Date.now() - 60_000);
  await writeSecrets(stage, { key: KEY });
  await Deno.utime(`${stage.temp}/secrets/key`, past, past);
  assert.equal(await find(), undefined);
  await writeSecrets(stage, { key: "another value" });
  await Deno.utime(`${stage.temp}/secrets/key`, past, past);
  assert.equal(await find(), true);

  await using engine = await EngineFixture.open();
  await engine.orchestrator.remove(containerId);
  assert.equal((await secretFolders(stage)).length, 1, "nobody has told Berth");
  const removed = await next.removeOrphans();
  assert.equal(removed.length, 1, `${removed} of ${config.instance}`);
});

Deno.test("the SDK reads a bot's secret in every language", async () => {
  await using stage = await SecretsFixture.open();
  await writeSecrets(stage, { key: `${KEY}\n` });
  const python = `
import berth
def main(id, config):
    value = berth.secret("API_KEY")
    return [len(value), value.endswith("staple"), berth.secret("OTHER", None)]
`;
  const node = `
const berth = require("berth");
module.exports = () => {
  const value = berth.secret("API_KEY");
  return [value.length, value.endsWith("staple"), berth.secret("OTHER", "none") === "none" ? null : 1];
};
`;
  const programs: [string, string, string][] = [["python3.11", "main.py", python], [
    "nodejs20",
    "main.js",
    node,
  ]];
  for (const [runtime, file, code] of programs) {
    const ended = await stage.runner.startContainer(
      await stage.deploy({ [file]: code }, {
        runtime,
        entrypointFiles: { bot: file },
        isLongRunning: false,
        secrets: { API_KEY: "file:key" },
      }),
    );
    assert.ok(ended.status === "success" && ended.result, JSON.stringify(ended));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(ended.result)), [KEY.length, true, null], runtime);
  }
});
