import assert from "node:assert/strict";
import { DependencyError } from "../../lib/dependencies/dependency_error.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { openMemoryFolder } from "../support/memory_folder.ts";
import { PackageIndex } from "../support/servers/package_index.ts";
import { until } from "../support/until.ts";

const RUN = { isLongRunning: false } as const;
const LIBRARY = { "mylib/__init__.py": "value = 42\n", "mylib/data.txt": "text\n" };
const PRINT = "import mylib\ndef main(id, config):\n    print('value', mylib.value, mylib.__file__)\n";

/** An index and a runner whose builders use it. */
async function open(more: Record<string, string> = {}) {
  const index = new PackageIndex();
  const fixture = await RunnerFixture.open({ ...index.variables, NO_PROXY: "127.0.0.1", ...more });
  return {
    index,
    fixture,
    ...fixture,
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await index[Symbol.asyncDispose]();
    },
  };
}

/** Builds, and returns the executable with its dependencies. */
async function built({ runner }: RunnerFixture, executable: Executable): Promise<Executable> {
  const { dependencies } = await runner.buildDependencies(executable);
  return { ...executable, ...(dependencies && { dependencies }) };
}

/** Runs a program that ends by itself, and gives what it printed. */
async function outputOf({ runner }: RunnerFixture, executable: Executable): Promise<string> {
  const result = await runner.startContainer(executable);
  assert.ok(result.status !== "running");
  return result.output;
}

/** Runs a build that fails. */
async function failure(fixture: RunnerFixture, executable: Executable, allowSourceBuilds = false) {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const error = await fixture.runner.buildDependencies(executable, { allowSourceBuilds, onLine }).then(
    () => assert.fail("the build did not fail"),
    (error) => error,
  );
  assert.ok(error instanceof DependencyError, String(error?.stack ?? error));
  assert.deepEqual(await fixture.containers(), [], "no builder is left");
  assert.deepEqual(await fixture.folders(), [], "no folder is left");
  return { error, lines };
}

Deno.test("libraries are installed by their lock, and mounted read-only without the registry", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const lock = index.addWheel("mylib", LIBRARY);
  const script = `${PRINT}    import os
    try: open("/bot/vendor/mylib/data.txt", "a")
    except OSError as error: print(error.strerror)
    open("/bot/own.txt", "w").write("x")
    print(os.path.exists("/bot/vendor/mylib/__pycache__"))
`;
  const files = { "main.py": script, "requirements.txt": "mylib\n", "requirements.lock": lock };
  const executable = await built(fixture, await fixture.deploy(files, RUN));
  assert.equal(executable.dependencies?.libraries?.folder, "vendor");
  await index[Symbol.asyncDispose]();
  const output = await outputOf(fixture, executable);
  assert.match(output, /value 42 \/bot\/vendor\/mylib\/__init__\.py\nRead-only file system\nTrue/);

  // Other code with the same lock finds what is there, and a runner that has extracted nothing fetches it.
  const changed = await fixture.deploy({ ...files, "main.py": PRINT }, RUN);
  const second = await built(fixture, changed);
  assert.deepEqual(second.dependencies, executable.dependencies);
  const { tempDir, instance } = fixture.config;
  await Deno.remove(`${tempDir}/${instance}/dependencies`, { recursive: true });
  const other = fixture.another({});
  const again = await other.startContainer(second);
  assert.ok(again.status === "success", JSON.stringify(again));
});

Deno.test("a lock is made once, and gives the same libraries with and without it", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  index.addWheel("mylib", LIBRARY);
  const files = { "main.py": PRINT, "requirements.txt": "mylib>=0.5\n" };
  const executable = await fixture.deploy(files, RUN);
  const first = await fixture.runner.buildDependencies(executable);
  assert.equal(first.lock?.file, "requirements.lock");
  assert.match(first.lock!.text, /^# Made by Berth from requirements\.txt/);
  assert.match(first.lock!.text, /^mylib==1\.0 .*--hash=sha256:[0-9a-f]{64}/m);
  // A newer version does not change what the same requirements have chosen.
  index.addWheel("mylib", { "mylib/__init__.py": "value = 43\n" }, "py3-none-any", "2.0");
  const without = await fixture.runner.buildDependencies(await fixture.deploy(files, RUN));
  assert.deepEqual(without, first);
  const beside = { ...files, "requirements.lock": first.lock!.text };
  const withLock = await fixture.runner.buildDependencies(await fixture.deploy(beside, RUN));
  assert.deepEqual(withLock.dependencies, first.dependencies);
  assert.equal(withLock.lock, undefined);
  assert.match(await outputOf(fixture, { ...executable, ...first }), /value 42/);
});

Deno.test({
  name: "a private index is reached by a secret, which only the builder sees",
  // Only root may mount a folder in memory.
  ignore: Deno.uid() !== 0,
  fn: privateIndex,
});

async function privateIndex(): Promise<void> {
  await using memory = await openMemoryFolder();
  const dir = `${memory.path}/kept`;
  await using stage = await open({ SECRETS_RUN_DIR: `${memory.path}/run`, SECRETS_DIR: dir });
  const { index, fixture } = stage;
  const lock = index.addWheel("mylib", LIBRARY);
  const password = "correct-horse-battery";
  await Deno.mkdir(dir, { mode: 0o700 });
  await Deno.writeTextFile(`${dir}/index`, `${index.protect(password)}\n`, { mode: 0o600 });
  const script = `${PRINT}    import os\n    print(sorted(os.listdir("/run")), os.environ)\n`;
  const files = { "main.py": script, "requirements.txt": "mylib\n", "requirements.lock": lock };
  const executable = await fixture.deploy(files, RUN);
  const refused = await failure(fixture, executable);
  assert.match(refused.error.message, /requirements/);
  const unknown = fixture.runner.buildDependencies(executable, { secrets: { PIP_INDEX_URL: "file:other" } });
  await assert.rejects(unknown, /PIP_INDEX_URL.*file:other/);

  const lines: string[] = [];
  const secrets = { PIP_INDEX_URL: "file:index" };
  const onLine = (line: string) => void lines.push(line);
  const { dependencies } = await fixture.runner.buildDependencies(executable, { secrets, onLine });
  const output = await outputOf(fixture, { ...executable, ...(dependencies && { dependencies }) });
  assert.match(output, /value 42/);
  for (const text of [output, ...lines]) assert.ok(!text.includes(password), text);
  assert.ok(!output.includes("PIP_INDEX_URL") && !output.includes("'secrets'"), output);
  const found = await new Deno.Command("grep", { args: ["-rl", password, fixture.temp, memory.path] })
    .output();
  assert.equal(new TextDecoder().decode(found.stdout).trim(), `${dir}/index`);
  assert.deepEqual(await fixture.folders(), [], "no folder is left");
}

Deno.test("two deployments of one lock at once share one build", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const lock = index.addWheel("mylib", LIBRARY);
  const files = { "requirements.txt": "mylib\n", "requirements.lock": lock };
  const bots = await Promise.all(
    [1, 2, 3].map((n) => fixture.deploy({ ...files, "main.py": `# ${n}\n${PRINT}` }, RUN)),
  );
  const heard: string[][] = [[], [], []];
  const results = await Promise.all(
    bots.map((bot, at) =>
      fixture.runner.buildDependencies(bot, { onLine: (line) => void heard[at]!.push(line) })
    ),
  );
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
  assert.equal(index.downloads("mylib-1.0-py3-none-any.whl"), 1);
  for (const lines of heard) assert.ok(lines.includes("berth: installing"), lines.join("\n"));
});

Deno.test("packages of Node are installed by their lock, without their scripts", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  await index.addNode("left", { "index.js": "module.exports = 'left';\n" }, {
    scripts: { install: "echo x > /build/out/ran", postinstall: "exit 1" },
    bin: { left: "index.js" },
  });
  await index.addNode("right", { "index.js": "module.exports = require('left') + 'right';\n" }, {
    dependencies: { left: "^1.0.0" },
  });
  const files = {
    "main.js":
      "module.exports = () => console.log(require('right'), require('fs').readdirSync('/bot/node_modules'));\n",
    "package.json": '{"dependencies":{"right":"^1.0.0"},"devDependencies":{"left":"1.0.0"}}',
  };
  const node = { ...RUN, runtime: "nodejs20", entrypointFiles: { bot: "main.js" } };
  const executable = await fixture.deploy(files, node);
  const first = await fixture.runner.buildDependencies(executable);
  assert.equal(first.lock?.file, "package-lock.json");
  assert.equal(first.dependencies?.libraries?.folder, "node_modules");
  const beside = await fixture.deploy({ ...files, "package-lock.json": first.lock!.text }, node);
  assert.deepEqual((await fixture.runner.buildDependencies(beside)).dependencies, first.dependencies);
  assert.match(await outputOf(fixture, { ...executable, ...first }), /leftright \[.*'left'.*'right'.*\]/s);
});

Deno.test("a package that does not exist, does not fit or was changed is named with what to do", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const lock = index.addWheel("mylib", LIBRARY);
  index.addWheel("elsewhere", LIBRARY, "cp311-cp311-macosx_11_0_arm64");
  await index.addSource("onlysource", "pass");
  const bot = (requirements: string, lock?: string) =>
    fixture.deploy({
      "main.py": PRINT,
      "requirements.txt": requirements,
      ...(lock !== undefined && { "requirements.lock": lock }),
    }, RUN);

  const missing = await failure(fixture, await bot("no-such-package\n"));
  assert.match(missing.error.lines.join("\n"), /no-such-package/);
  for (const name of ["elsewhere", "onlysource"]) {
    const { error } = await failure(fixture, await bot(`${name}\n`));
    assert.match(error.message, /no wheel of the package for '.*'.*allow_source_builds: true/);
    assert.match(error.lines.join("\n"), new RegExp(name));
  }
  const changed = await failure(fixture, await bot("mylib\n", lock.replace(/.{8}\n$/, "00000000\n")));
  assert.match(changed.error.message, /not the one that the lock names/);
  const unhashed = await failure(fixture, await bot("mylib\n", "mylib==1.0\n"));
  assert.match(unhashed.error.message, /The lock is not complete/);
  const other = await failure(fixture, await bot("mylib\nmore\n", lock));
  assert.match(
    other.error.message,
    /requirements\.lock does not belong to requirements\.txt: it has no more/,
  );
});

Deno.test("a build that does harm is ended, and nothing of it stays", async () => {
  await using stage = await open({ BUILD_DISK_LIMIT_MB: "64", BUILD_MEMORY_LIMIT_MB: "256" });
  const { index, fixture } = stage;
  const cases: readonly (readonly [name: string, code: string, wanted: RegExp])[] = [
    ["link", "os.symlink('/etc/passwd', '/build/out/evil')", /has installed a symbolic link, 'evil'/],
    ["fifo", "os.mkfifo('/build/out/evil')", /has installed a special file, 'evil'/],
    ["setuid", "open('/build/out/evil', 'w').close(); os.chmod('/build/out/evil', 0o4755)", /a setuid file/],
    [
      "disk",
      "for n in range(40): open(f'/build/tmp/{n}', 'wb').write(bytes(8 << 20))\nimport time; time.sleep(60)",
      /more than 64 MiB/,
    ],
    [
      "hidden",
      "for n in range(40): open(b'/build/tmp/\\xff%d' % n, 'wb').write(bytes(8 << 20))\nimport time; time.sleep(60)",
      /more than 64 MiB/,
    ],
    [
      "memory",
      "data = bytearray(1 << 30)\nfor at in range(0, len(data), 4096): data[at] = 1",
      /256 MiB of memory|killed/,
    ],
    [
      "loud",
      "for n in range(1_000_000): os.write(2, b'x' * 99 + b'\\n')\nraise SystemExit(3)",
      /exit code|256 MiB of memory|killed/,
    ],
    ["killer", "os.kill(os.getppid(), 9); os.kill(1, 9); raise SystemExit(9)", /was killed|exit code/],
  ];
  for (const [name, code, wanted] of cases) {
    const lock = await index.addSource(name, code);
    const bot = await fixture.deploy({
      "main.py": "",
      "requirements.txt": `${name}\n`,
      "requirements.lock": lock,
    }, RUN);
    const { error, lines } = await failure(fixture, bot, true);
    assert.match(error.message, wanted, `${name}: ${lines.slice(-20).join("\n")}`);
    assert.ok(lines.length < 10_000, `${name}: ${lines.length} lines`);
  }
});

Deno.test("a package of Node leaves no link and no setuid file, if its scripts may run", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const at = "/build/project/node_modules/evil";
  const cases = {
    link: [`ln -s /etc/passwd ${at}`, /has installed a symbolic link, 'evil'/],
    setuid: [`touch ${at} && chmod 4755 ${at}`, /has installed a setuid file, 'evil'/],
  } as const;
  for (const [name, [postinstall, wanted]] of Object.entries(cases)) {
    await index.addNode(name, { "index.js": "" }, { scripts: { postinstall } });
    const bot = await fixture.deploy(
      { "main.js": "", "package.json": JSON.stringify({ dependencies: { [name]: "1.0.0" } }) },
      { ...RUN, runtime: "nodejs20", entrypointFiles: { bot: "main.js" } },
    );
    const { error, lines } = await failure(fixture, bot, true);
    assert.match(error.message, wanted, lines.join("\n"));
  }
});

Deno.test("a builder reaches neither the engine nor Berth's files, and has no rights", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const lock = await index.addSource(
    "curious",
    `
seen = []
for path in ("/var/run/docker.sock", ${JSON.stringify(fixture.config.tempDir)}, ${
      JSON.stringify(fixture.temp)
    }):
    if os.path.exists(path): seen.append(path)
for path in ("/usr/x", "/etc/x", "/var/tmp/x", "/input/x", "/code/x", "/x"):
    try: open(path, "w").close(); seen.append(path)
    except OSError: pass
status = open("/proc/self/status").read()
seen += [line for line in status.splitlines() if line.startswith("Cap") and int(line.split()[1], 16)]
seen += [] if "NoNewPrivs:\\t1" in status else ["privileges"]
seen += [] if os.getuid() else ["root"]
open("/build/out/seen.txt", "w").write(repr(seen))`,
  );
  const bot = await fixture.deploy({
    "main.py": "def main(id, config): print(open('/bot/vendor/seen.txt').read())\n",
    "requirements.txt": "curious\n",
    "requirements.lock": lock,
  }, RUN);
  const { dependencies } = await fixture.runner.buildDependencies(bot, { allowSourceBuilds: true });
  assert.match(await outputOf(fixture, { ...bot, dependencies: dependencies! }), /^\[\]/m);
});

Deno.test("a build that never ends is ended at its limit", async () => {
  await using stage = await open({ BUILD_TIMEOUT_SECONDS: "4" });
  const { index, fixture } = stage;
  const lock = index.addWheel("mylib", LIBRARY);
  index.hang();
  const files = { "main.py": PRINT, "requirements.txt": "mylib\n", "requirements.lock": lock };
  const { error } = await failure(fixture, await fixture.deploy(files, RUN));
  assert.match(error.message, /took longer than 4 s.*BUILD_TIMEOUT_SECONDS/);
});

Deno.test("a build that nobody waits for is ended", async () => {
  await using stage = await open({ BUILD_TIMEOUT_SECONDS: "300" });
  const { index, fixture } = stage;
  const lock = await index.addSource("slow", "import time\nprint('sleeping', flush=True)\ntime.sleep(600)");
  const files = { "main.py": "", "requirements.txt": "slow\n", "requirements.lock": lock };
  const gone = new AbortController();
  const building = fixture.runner.buildDependencies(await fixture.deploy(files, RUN), {
    allowSourceBuilds: true,
    onLine: () => gone.abort(),
    signal: gone.signal,
  });
  building.catch(() => {});
  await until("a line of the build", () => Promise.resolve(gone.signal.aborted));
  await until("no builder", async () => (await fixture.containers()).length === 0);
  await assert.rejects(building, { name: "AbortError" });
  assert.deepEqual(await fixture.folders(), []);
});

Deno.test("a builder that is killed half-way is an error, and the next build succeeds", async () => {
  await using stage = await open();
  const { index, fixture } = stage;
  const lock = await index.addSource(
    "slow",
    "import time\nif not os.path.exists('/input/fast'): time.sleep(30)",
  );
  const files = { "main.py": "", "requirements.txt": "slow\n", "requirements.lock": lock };
  const building = fixture.runner.buildDependencies(await fixture.deploy(files, RUN), {
    allowSourceBuilds: true,
  });
  building.catch(() => {});
  let builder: string | undefined;
  await until("the builder runs", async () => {
    const [found] = await fixture.containers();
    if (found?.labels[LABEL.kind] === "build" && found.phase === "running") builder = found.id;
    return builder !== undefined;
  });
  await new Deno.Command("docker", { args: ["kill", builder!] }).output();
  await assert.rejects(building, /was killed/);
  assert.deepEqual([await fixture.containers(), await fixture.folders()], [[], []]);
  const wheel = index.addWheel("mylib", LIBRARY);
  const next = { "main.py": PRINT, "requirements.txt": "mylib\n", "requirements.lock": wheel };
  assert.match(await outputOf(fixture, await built(fixture, await fixture.deploy(next, RUN))), /value 42/);
});

Deno.test("a bot in TypeScript is bundled with its files, and its traces name them", async () => {
  await using fixture = await RunnerFixture.open();
  const files = {
    "main.ts": `import { add, Side } from "./lib/util";
import data from "./data.json";
interface Config { readonly symbol?: string }
export default async function main(id: string, config: Config): Promise<void> {
  console.log("sum", add(data.one, 2), Side.Buy, config.symbol, __dirname);
  throw new Error("broken");
}
`,
    "lib/util.ts": `export enum Side { Buy = "buy" }
export const add = (a: number, b: number): number => a + b;
`,
    "data.json": '{"one": 1}',
  };
  const bot = await fixture.deploy(files, {
    ...RUN,
    runtime: "nodejs20",
    entrypointFiles: { bot: "main.ts" },
    config: { symbol: "BTC" },
  });
  const { dependencies } = await fixture.runner.buildDependencies(bot).catch((error) => {
    if (!/registry does not answer/.test(String(error))) throw error;
    console.log("not run: esbuild cannot be fetched here");
    return { dependencies: undefined };
  });
  if (!dependencies) return;
  const output = await outputOf(fixture, { ...bot, dependencies });
  assert.match(output, /sum 3 buy BTC \/bot/);
  assert.match(output, /\/bot\/main\.ts:6:/);

  const broken = await fixture.deploy({ "main.ts": "export default (id: string => {}\n" }, {
    ...RUN,
    runtime: "nodejs20",
    entrypointFiles: { bot: "main.ts" },
  });
  const { error } = await failure(fixture, broken);
  assert.match(error.message, /esbuild cannot bundle 'main\.ts'/);
  assert.match(error.lines.join("\n"), /main\.ts:1:\d+/);
});
