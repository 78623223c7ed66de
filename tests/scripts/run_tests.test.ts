import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ALONE, CALM, FAST, LONGEST, planTests, WAITING } from "../../scripts/test_plan.ts";
import { until } from "../support/until.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/run_tests.ts", import.meta.url));

/** A repository with these files, in which the tests are run. */
class Repository implements Disposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "berth_run_tests_" });

  constructor(files: Record<string, string>, gate = "deno eval 1") {
    const config = { tasks: { ok: gate }, compilerOptions: { strict: true } };
    for (const [name, text] of Object.entries({ ...files, "deno.json": JSON.stringify(config) })) {
      const path = `${this.folder}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
  }

  env: Record<string, string> = {};

  command(...args: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", SCRIPT, ...args],
      cwd: this.folder,
      env: this.env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Runs the tests without a check of types, which takes longer than all else. */
  run(...args: string[]): ReturnType<Repository["runChecked"]> {
    return this.runChecked("--no-check", ...args);
  }

  async runChecked(
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string; last: string }> {
    const { code, stdout, stderr } = await this.command(...args).output();
    const text = new TextDecoder().decode(stdout);
    const last = text.trimEnd().split("\n").at(-1) ?? "";
    return { code, stdout: text, stderr: new TextDecoder().decode(stderr), last };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

const PASSING =
  `Deno.test("one", async (t) => { await t.step("step", () => {}); });\nDeno.test("two", () => {});\n`;
const CRASHING = `Deno.test("crash", () => Deno.kill(Deno.pid, "SIGKILL"));\n`;
const FAILING = `Deno.test("bad", () => { throw new Error("bad"); });\n`;

Deno.test("run_tests adds up the tests of all folders and of the documentation, but not tests/bench", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts": PASSING,
    "tests/contract/b.test.ts": PASSING,
    "tests/bench/c.test.ts": FAILING,
    "mod.ts": "/**\n * ```ts\n * if (1 + 1 !== 2) throw new Error();\n * ```\n */\nexport const one = 1;\n",
  });
  const { code, last, stderr } = await repository.runChecked();
  assert.equal(last, "5 passed, 0 failed", stderr);
  assert.equal(code, 0);
});

Deno.test("run_tests counts failures of tests and of examples, and shows the output", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts": PASSING,
    "tests/engine/b.test.ts": FAILING,
    "mod.ts": '/**\n * ```ts\n * throw new Error("example");\n * ```\n */\nexport const one = 1;\n',
  });
  const { code, last, stdout } = await repository.run();
  assert.equal(last, "2 passed, 2 failed");
  assert.equal(code, 1);
  assert.match(stdout, /Error: bad/);
});

Deno.test("run_tests counts what keeps tests from running as a failure", async (t) => {
  const typeError = 'const x: string = 1;\nDeno.test("a", () => { x; });\n';
  const broken: Record<string, Record<string, string>> = {
    "a type error": { "tests/unit/a.test.ts": typeError },
    "a type error in a test that needs servers": { "tests/engine/a.test.ts": typeError },
    "a file that does not load": { "tests/unit/a.test.ts": 'throw new Error("load");\n' },
    "a syntax error": { "tests/unit/a.test.ts": "Deno.test(;\n" },
    "a killed process": {
      "tests/unit/a.test.ts":
        'Deno.test("a", () => { console.log("\\nok | 9 passed | 0 failed"); Deno.kill(Deno.pid, "SIGKILL"); });\n',
    },
  };
  for (const [name, files] of Object.entries(broken)) {
    await t.step(name, async () => {
      using repository = new Repository({ ...files, "mod.ts": "export const one = 1;\n" });
      const { code, last } = await repository.runChecked();
      assert.match(last, /^\d passed, 1 failed$/);
      assert.equal(code, 1);
    });
  }
});

Deno.test("run_tests does not take no tests for success", async () => {
  for (
    const files of [{}, { "tests/unit/a.test.ts": "export const nothing = 1;\n" }] as Record<string, string>[]
  ) {
    using repository = new Repository(files);
    const { code, last } = await repository.run();
    assert.equal(last, "0 passed, 1 failed");
    assert.equal(code, 1);
  }
});

Deno.test("run_tests --gate counts a failed gate once and runs the tests all the same", async () => {
  using repository = new Repository({ "tests/unit/a.test.ts": PASSING }, "deno eval 'Deno.exit(1)'");
  const failed = await repository.run("--gate");
  assert.equal(failed.last, "2 passed, 1 failed");
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /The gate .* failed/);
  assert.equal((await repository.run()).last, "2 passed, 0 failed");

  using good = new Repository({ "tests/unit/a.test.ts": PASSING });
  const passed = await good.run("--gate");
  assert.equal(passed.last, "2 passed, 0 failed");
  assert.equal(passed.code, 0);
});

Deno.test("run_tests --gate counts the unit tests that the gate has run, and does not repeat them", async () => {
  using repository = new Repository(
    { "tests/unit/a.test.ts": PASSING, "tests/engine/b.test.ts": PASSING },
    "deno test -A tests/unit",
  );
  const passed = await repository.runChecked("--gate");
  assert.equal(passed.last, "4 passed, 0 failed", passed.stderr);
  assert.equal(passed.stdout.match(/running 2 tests from .*a\.test\.ts/g)?.length, 1, passed.stdout);

  using bad = new Repository(
    { "tests/unit/a.test.ts": FAILING, "tests/engine/b.test.ts": PASSING },
    "deno test -A tests/unit",
  );
  assert.equal((await bad.run("--gate")).last, "2 passed, 1 failed");
});

/** A test that writes that it has begun, and ends when another one has. */
function meets(own: string, other: string): string {
  return `Deno.test("${own}", async () => {
  console.log("${own} begins");
  Deno.writeTextFileSync("${own}", "");
  for (let tries = 0; tries < 400; tries++) {
    if (Deno.readDirSync(".").some(({ name }) => name === "${other}")) return console.log("${own} ends");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nothing runs beside it");
});\n`;
}

Deno.test("run_tests runs files that need servers beside each other, and prints one after the other", async () => {
  using repository = new Repository({
    "tests/engine/a.test.ts": meets("first", "second"),
    "tests/engine/b.test.ts": meets("second", "first"),
  });
  const { last, stdout, stderr } = await repository.run();
  assert.equal(last, "2 passed, 0 failed", stderr);
  const said = [...stdout.matchAll(/(first|second) (?:begins|ends)/g)].map(([, name]) => name);
  assert.ok(said[0] === said[1] && said[2] === said[3] && said[0] !== said[2], stdout);
});

Deno.test("run_tests runs a file that waits beside one that needs a calm machine", async () => {
  using repository = new Repository({
    [WAITING[0]!]: meets("waits", "calm"),
    [Object.keys(CALM)[0]!]: meets("calm", "waits"),
  });
  const { last, stdout, stderr } = await repository.run();
  assert.equal(last, "2 passed, 0 failed", stdout + stderr);
});

Deno.test("run_tests goes on in each lane when a file hangs or crashes, and counts it", async () => {
  const hang = 'Deno.test("a", async () => { await new Promise((r) => setTimeout(r, 1e6)); });\n';
  using repository = new Repository({
    "tests/engine/a.test.ts": hang,
    "tests/engine/b.test.ts": CRASHING,
    "tests/engine/c.test.ts": FAILING,
    "tests/engine/d.test.ts": PASSING,
    "tests/engine/e.test.ts": PASSING,
  });
  repository.env = { BERTH_TEST_STALL_MINUTES: "0.1" };
  const { last, stderr } = await repository.run();
  assert.equal(last, "4 passed, 3 failed", stderr);
  assert.match(stderr, /tests\/engine\/a\.test\.ts printed nothing for 0\.1 minutes: it hangs and is ended/);
});

/** Files of a name each. */
function engineTests(count: number, text: (index: number) => string): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`tests/engine/${index}.test.ts`, text(index)]),
  );
}

Deno.test("run_tests runs many files in fewer processes", async () => {
  using repository = new Repository(
    engineTests(40, (index) => `Deno.test("${index}", () => console.log("in process", Deno.pid, "."));\n`),
  );
  const { last, stdout } = await repository.run();
  assert.equal(last, "40 passed, 0 failed", stdout);
  assert.equal(new Set(stdout.match(/in process \d+/g)).size, 10);
});

Deno.test("run_tests keeps the results of files that share a process with one that crashes", async () => {
  using repository = new Repository(
    engineTests(16, (index) => index === 3 ? CRASHING : PASSING),
  );
  const { last, stderr } = await repository.run();
  assert.equal(last, "30 passed, 1 failed", stderr);
});

Deno.test("run_tests counts a crash of files that only crash together", async () => {
  const text = `globalThis.loaded = (globalThis.loaded ?? 0) + 1;
Deno.test("one", () => { if (globalThis.loaded > 1) Deno.kill(Deno.pid, "SIGKILL"); });\n`;
  using repository = new Repository(engineTests(9, () => text));
  const { last, stderr } = await repository.run();
  assert.equal(last, "9 passed, 1 failed", stderr);
  assert.match(stderr, /0\.test\.ts, .*8\.test\.ts ended without a result: each runs alone/);
});

Deno.test("run_tests runs the files that its plan names alone, after all others", async () => {
  const [file] = Object.keys(ALONE);
  const test = (name: string, check: string) =>
    `Deno.test("${name}", async () => {
  const others = () => [...Deno.readDirSync(".")].filter(({ name }) => name.startsWith("running-"));
  Deno.writeTextFileSync("running-${name}", "");
  await new Promise((resolve) => setTimeout(resolve, 500));
  ${check}
  Deno.removeSync("running-${name}");
});\n`;
  using repository = new Repository({
    "tests/engine/1.test.ts": test("one", ""),
    "tests/engine/2.test.ts": test("two", ""),
    [file!]: test("alone", "if (others().length > 1) throw new Error('not alone');"),
  });
  const { last, stdout } = await repository.run();
  assert.equal(last, "3 passed, 0 failed", stdout);
});

Deno.test("run_tests --fast runs the unit tests and the few that its plan names", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts": PASSING,
    [FAST[0]!]: PASSING,
    "tests/engine/other.test.ts": FAILING,
    "mod.ts": "/**\n * ```ts\n * throw new Error();\n * ```\n */\nexport const one = 1;\n",
  });
  assert.equal((await repository.run("--fast")).last, "4 passed, 0 failed");
});

Deno.test("planTests() names files that exist, and plans every test file once", () => {
  const { beside: plan } = planTests([], false);
  const files = Object.values(plan).flat();
  for (const name of FAST) assert.ok(files.includes(name), name);
  assert.equal(new Set(files).size, files.length);
  assert.deepEqual(plan.longest, LONGEST);
  assert.deepEqual(plan.waiting, WAITING);
  assert.deepEqual(plan.calm, Object.keys(CALM));
  assert.deepEqual(plan.alone, Object.keys(ALONE));
});

Deno.test("run_tests hides the servers from the gate, and from nothing else", async () => {
  const fails = "Deno.exit(Deno.env.get('MINIO_ACCESS_KEY') === undefined ? 0 : 1)";
  const test =
    `Deno.test("a", () => { if (Deno.env.get("MINIO_ACCESS_KEY") !== "key") throw new Error(); });\n`;
  using repository = new Repository({ "tests/unit/a.test.ts": test }, `deno eval "${fails}"`);
  repository.env = { MINIO_ACCESS_KEY: "key" };
  const { last, stderr } = await repository.run("--gate");
  assert.equal(last, "1 passed, 0 failed", stderr);
});

Deno.test("run_tests ends a gate and a test that hang, and goes on", async () => {
  const hang = "await new Promise((r) => setTimeout(r, 1e6))";
  using repository = new Repository({
    "tests/unit/a.test.ts": `Deno.test("a", async () => { ${hang}; });\n`,
  }, `deno eval "${hang}"`);
  repository.env = { BERTH_TEST_STALL_MINUTES: "0.05" };
  const { last, stderr } = await repository.run("--gate");
  assert.equal(last, "0 passed, 2 failed", stderr);
  assert.match(
    stderr,
    /the gate printed nothing [^]*: it hangs[^]*the unit tests printed nothing [^]*: it hangs/,
  );
});

Deno.test("run_tests runs only the paths and the names it is given", async () => {
  using repository = new Repository({ "tests/unit/a.test.ts": PASSING, "tests/engine/b.test.ts": FAILING });
  assert.equal((await repository.run("tests/unit/a.test.ts")).last, "2 passed, 0 failed");
  assert.equal((await repository.run("--filter", "one")).last, "1 passed, 0 failed");
  const { last, stderr } = await repository.run("tests/unit/none.test.ts");
  assert.equal(last, "0 passed, 1 failed");
  assert.match(stderr, /There is no file tests\/unit\/none\.test\.ts/);
});

Deno.test("run_tests that is interrupted ends its tests, with what they have started, and does not report success", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts": `Deno.test("a", async () => {
  const { pid } = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  Deno.kill(pid, "SIGSTOP");
  console.log("test processes", Deno.pid, pid, ".");
  await new Promise((r) => setTimeout(r, 1e6));
});\n`,
  });
  await using process = repository.command().spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!/test processes \d+ \d+ \./.test(seen)) seen += (await reader.read()).value;
  process.kill("SIGTERM");
  for (let part = await reader.read(); !part.done; part = await reader.read()) seen += part.value;
  await process.stderr.cancel();
  assert.equal((await process.status).code, 1);
  assert.match(seen, /\n0 passed, 1 failed\n$/);
  const [, ...pids] = /test processes (\d+) (\d+)/.exec(seen)!;
  for (const pid of pids) {
    await until("the end of the test's processes", () => isOver(Number(pid)));
  }
});

/** Whether a process has ended, also if its parent has not collected its exit status yet. */
function isOver(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return true;
  }
}
