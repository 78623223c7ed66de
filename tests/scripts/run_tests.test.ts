import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

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

  async run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string; last: string }> {
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
const FAILING = `Deno.test("bad", () => { throw new Error("bad"); });\n`;

Deno.test("run_tests adds up the tests of all folders and of the documentation, but not tests/bench", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts": PASSING,
    "tests/contract/b.test.ts": PASSING,
    "tests/bench/c.test.ts": FAILING,
    "mod.ts": "/**\n * ```ts\n * if (1 + 1 !== 2) throw new Error();\n * ```\n */\nexport const one = 1;\n",
  });
  const { code, last, stderr } = await repository.run();
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
  const broken = {
    "a type error": 'const x: string = 1;\nDeno.test("a", () => { x; });\n',
    "a file that does not load": 'throw new Error("load");\n',
    "a syntax error": "Deno.test(;\n",
    "a killed process":
      'Deno.test("a", () => { console.log("\\nok | 9 passed | 0 failed"); Deno.kill(Deno.pid, "SIGKILL"); });\n',
  };
  for (const [name, text] of Object.entries(broken)) {
    await t.step(name, async () => {
      using repository = new Repository({
        "tests/unit/a.test.ts": text,
        "mod.ts": "export const one = 1;\n",
      });
      const { code, last } = await repository.run();
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
  assert.match(stderr, /the gate hangs and is ended[^]*the last test above hangs and is ended/);
});

Deno.test("run_tests runs only the paths and the names it is given", async () => {
  using repository = new Repository({ "tests/unit/a.test.ts": PASSING, "tests/engine/b.test.ts": FAILING });
  assert.equal((await repository.run("tests/unit/a.test.ts")).last, "2 passed, 0 failed");
  assert.equal((await repository.run("--filter", "one")).last, "1 passed, 0 failed");
});

Deno.test("run_tests that is interrupted ends its tests and does not report success", async () => {
  using repository = new Repository({
    "tests/unit/a.test.ts":
      'Deno.test("a", async () => { console.log("test process", Deno.pid, "."); await new Promise((r) => setTimeout(r, 1e6)); });\n',
  });
  await using process = repository.command().spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!/test process \d+ \./.test(seen)) seen += (await reader.read()).value;
  process.kill("SIGTERM");
  for (let part = await reader.read(); !part.done; part = await reader.read()) seen += part.value;
  await process.stderr.cancel();
  assert.equal((await process.status).code, 1);
  assert.match(seen, /\n0 passed, 1 failed\n$/);
  const pid = Number(/test process (\d+)/.exec(seen)?.[1]);
  assert.throws(() => Deno.kill(pid, "SIGTERM"), "the test's process must be gone");
});
