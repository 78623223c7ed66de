import assert from "node:assert/strict";
import { PYTHON, WrappedScripts } from "../../support/processes/wrapper_process.ts";

const name = "python_wrapper.py";
const { run } = new WrappedScripts(PYTHON);

Deno.test(`${name} leaves the result to the parent, whatever a forked child returns, raises or exits with`, async () => {
  const cases: [string, number, RegExp][] = [
    ["return {'profit': -1}", 0, /^$/],
    ["sys.exit(0)", 0, /^$/],
    ["sys.exit(3)", 3, /^$/],
    ["sys.exit('no data')", 1, /^no data\n$/],
    ["raise RuntimeError('a helper failed')", 1, /^Traceback (.*\n)+RuntimeError: a helper failed\n$/],
    ["os.kill(os.getpid(), signal.SIGTERM)", 15, /^$/],
  ];
  for (const start of ["def", "async def"]) {
    for (const [body, status, stderr] of cases) {
      const end = await run(`
import atexit, os, signal, sys
def on_stop(id, config):
    print("on_stop in", "parent" if os.getpid() == parent else "child")
parent = os.getpid()
${start} main(id, config):
    if os.fork() == 0:
        atexit.register(print, "the child's exit")
        print("the child prints")
        ${body}
        os._exit(99)
    _, status = os.wait()
    return {"profit": 42, "status": os.waitstatus_to_exitcode(status)}
`);
      assert.equal(end.code, 0, body);
      assert.deepEqual(end.result, { profit: 42, status: body.includes("kill") ? -status : status }, body);
      assert.match(end.stderr, stderr, body);
      const atexit = body.includes("kill") ? "" : "the child's exit\n";
      assert.equal(end.stdout, `the child prints\n${atexit}`, body);
    }
  }
});

Deno.test(`${name} lets child processes import what the bot imports`, async () => {
  const end = await run("", {
    script: "bots/trader.py",
    files: {
      "vendor/mylib.py": "ANSWER = 42",
      "bots/helper.py": "X = 0",
      "worker.py": "import mylib, helper; print(mylib.ANSWER)",
      "bots/trader.py": `
import multiprocessing, os, subprocess, sys
def answer(x):
    import mylib, helper
    return mylib.ANSWER + helper.X + x
def main(id, config):
    results = {}
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            results[method] = pool.map(answer, [1])[0]
    results["worker.py"] = int(subprocess.check_output([sys.executable, "worker.py"]))
    code = "import mylib, helper; print(mylib.ANSWER)"
    results["elsewhere"] = int(subprocess.check_output([sys.executable, "-c", code], cwd="/"))
    results["path"] = os.environ["PYTHONPATH"].split(":")[-2]  # then the SDK
    return results
`,
    },
    env: { PYTHONPATH: "/image/lib" },
  });
  assert.deepEqual([end.code, end.result], [0, {
    fork: 43,
    spawn: 43,
    forkserver: 43,
    "worker.py": 42,
    elsewhere: 42,
    path: "/image/lib",
  }], end.stderr);
});

/** Modules of the standard library that the wrapper uses, early or late. */
const USED =
  "asyncio ast codecs contextlib datetime dataclasses decimal enum functools inspect io json linecache " +
  "logging numbers os pathlib re select signal socket ssl string subprocess threading tokenize traceback types uuid";

Deno.test(`${name} is not disturbed by modules of the bot's that are named like the standard library's`, async () => {
  const shadows = Object.fromEntries(USED.split(" ").map((module) => [`${module}.py`, "OWN = True"]));
  const cases: [string, number, RegExp][] = [
    ["def main(id, config): return {'set': {1}}", 0, /^\{"set": \[1\]\}$/],
    [
      "def main(id, config): return {'raw': b'x'}",
      1,
      /cannot be written as JSON: result\[\\"raw\\"\]: bytes/,
    ],
    ["def main(id, config): raise ValueError('boom')", 1, /ValueError: boom/],
    ["async def main(id, config): return 'done'", 0, /^"done"$/],
    ["async def main(id, config): raise ValueError('boom')", 1, /ValueError: boom/],
    ["def main(id, config:", 1, /SyntaxError/],
  ];
  for (const [main, code, result] of cases) {
    const end = await run(main, { files: shadows });
    assert.equal(end.code, code, `${main}: ${end.stderr}`);
    assert.match(end.resultText!, result);
    assert.doesNotMatch(end.stderr, /_berth_|python_wrapper/);
  }
});

Deno.test(`${name} gives the bot its own module, not the wrapper's of that name`, async () => {
  const names = ["json", "logging", "signal", "threading", "uuid"];
  const end = await run(
    `${names.map((name) => `import ${name}`).join("\n")}
def main(id, config): return [getattr(module, "OWN", False) for module in (${names.join(", ")})]`,
    { files: Object.fromEntries(names.map((module) => [`${module}.py`, "OWN = True"])) },
  );
  assert.deepEqual(end.result, names.map(() => true), end.stderr);
});

Deno.test(`${name} shows what a bot logs at INFO, until the bot configures its logging`, async () => {
  const cases: [string, string[]][] = [
    ["logging.info('i'); logging.debug('d')", ["INFO:root:i"]],
    ["logging.getLogger('bot').info('i')", ["INFO:bot:i"]],
    ["logging.getLogger('bot').warning('w'); logging.info('i')", ["WARNING:bot:w", "INFO:root:i"]],
    [
      "logging.basicConfig(level=logging.ERROR, format='%(message)s!'); logging.info('i'); logging.error('e')",
      [
        "e!",
      ],
    ],
    ["logging.basicConfig(level=logging.DEBUG); logging.debug('d')", ["DEBUG:root:d"]],
    [
      "import logging.config; logging.config.dictConfig({'version': 1, 'root': {'level': 'WARNING'}}); logging.info('i')",
      [],
    ],
  ];
  for (const [body, expected] of cases) {
    const end = await run(`import logging\ndef main(id, config):\n    ${body}`);
    assert.deepEqual(end.stderr.split("\n").filter(Boolean), expected, body);
  }
});

Deno.test(`${name} finds a script whose name is composed otherwise`, async () => {
  const end = await run("", {
    script: "m\u00e4rkte/b\u00fccher.py",
    files: { "ma\u0308rkte/bu\u0308cher.py": "def main(id, config): return 'found'" },
  });
  assert.equal(end.result, "found", end.stderr);
});
