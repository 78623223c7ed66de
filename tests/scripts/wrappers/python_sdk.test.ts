import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLines, SdkPrograms } from "../../support/processes/sdk_program.ts";
import { PYTHON, repositoryFile } from "../../support/processes/wrapper_process.ts";

const SDK = repositoryFile("lib/executable/sdk/python");

const { run, stopped, alone } = new SdkPrograms({
  wrapper: PYTHON,
  script: "main.py",
  command: ["python3", "-B"],
  program: "program.py",
  env: { PYTHONPATH: SDK },
});

Deno.test("the SDK for Python prints metrics, heartbeats and messages as lines of JSON", async () => {
  const end = await run(
    `
import berth, datetime, decimal
def main(id, config):
    berth.metric("price", symbol="BTC-USD", value=97123.5)
    berth.metric("equity", 1234.5)
    berth.metric("fill", {"at": datetime.date(2026, 1, 31), "size": decimal.Decimal("0.10")}, fee=float("nan"))
    berth.metric("tick")
    for _ in range(1000): berth.heartbeat()
    berth.ready()
    berth.status("warms up")
    berth.status(" warms\\nup ")
    berth.status("")
    berth.log("warning", "no price: \\U0001f680\\n", tries=3, error=ValueError("late"))
    berth.log("INFO", 5)
    try: berth.metric("bad", value=object())
    except TypeError as error: print('{"error": "TypeError"}')
    try: berth.metric("")
    except TypeError: print('{"error": "no name"}')
    return [id == berth.id, config == berth.config, str(berth.state_dir)]
`,
    { config: '{"a": 1}', env: { STATE_DIR: join(tmpdir(), "berth-sdk-state") } },
  );
  assert.deepEqual([end.code, end.stderr], [0, ""]);
  assert.deepEqual(jsonLines(end.stdout), [
    { _metric: "price", symbol: "BTC-USD", value: 97123.5 },
    { _metric: "equity", value: 1234.5 },
    { _metric: "fill", at: "2026-01-31", size: 0.1, fee: null },
    { _metric: "tick" },
    { _heartbeat: true },
    { _heartbeat: "READY=1" },
    { _heartbeat: "STATUS=warms up" },
    { _heartbeat: "STATUS=" },
    { level: "warn", message: "no price: 🚀\n", tries: 3, error: "ValueError('late')" },
    { level: "info", message: "5" },
    { error: "TypeError" },
    { error: "no name" },
  ]);
  assert.deepEqual(end.result, [true, true, join(tmpdir(), "berth-sdk-state")]);
  await rm(join(tmpdir(), "berth-sdk-state"), { recursive: true });
});

Deno.test("the SDK for Python reads secrets from files and variables, and says where it looked", async () => {
  const end = await run(`
import berth, os
def main(id, config):
    os.makedirs("mounted/folder")
    open("mounted/API_KEY", "w").write("from the mount\\n")
    open("mounted/EMPTY", "w").close()
    open("named", "wb").write(b"from a file\\r\\n")
    open("binary", "wb").write(b"\\xff")
    berth._SECRETS = os.path.abspath("mounted")
    os.environ.update(API_KEY="not this", OTHER="from the environment", FILED_FILE=os.path.abspath("named"),
        BINARY_FILE=os.path.abspath("binary"), GONE_FILE="/nonexistent", BLANK="")
    def failed(name):
        try: return berth.secret(name)
        except berth.SecretError as error: return str(error).replace(os.getcwd(), "")
    return [berth.secret("API_KEY"), berth.secret("OTHER"), berth.secret("FILED"), berth.secret("NONE", None),
        *map(failed, ["NONE", "BLANK", "EMPTY", "BINARY", "GONE", "folder", "../main.py"])]
`);
  assert.deepEqual(end.result, [
    "from the mount",
    "from the environment",
    "from a file",
    null,
    "There is no secret 'NONE': /mounted/NONE does not exist, and neither NONE_FILE nor NONE is set. Name it under `secrets` in bot-config.yaml",
    "There is no secret 'BLANK': /mounted/BLANK does not exist, and BLANK is empty. Name it under `secrets` in bot-config.yaml",
    "The secret 'EMPTY' is empty: see /mounted/EMPTY",
    "Cannot read the secret 'BINARY' from /binary: it is not UTF-8",
    "Cannot read the secret 'GONE' from /nonexistent: No such file or directory",
    "Cannot read the secret 'folder' from /mounted/folder: Is a directory",
    "'../main.py' cannot be the name of a secret: use letters, digits, '_', '-' and '.'",
  ], end.stderr);
});

Deno.test("the SDK for Python writes a result at once, which counts more than what main returns", async () => {
  const end = await run(`
import berth, json
def main(id, config):
    berth.result({"profit": 1})
    first = json.load(open("result.json"))
    berth.result(before=first, nan=float("nan"))
    return "ignored"
`);
  assert.deepEqual(end.result, { before: { profit: 1 }, nan: null }, end.stderr);
});

Deno.test("a Python main that looks at stop_requested ends by itself, after its on_stop", async () => {
  const end = await stopped(`
import berth, time
def on_stop(id, config):
    print("on_stop")
def main(id, config):
    print("ready", bool(berth.stop_requested))
    while not berth.stop_requested:
        berth.stop_requested.wait(60)
    time.sleep(0.2)
    print("closed", berth.stop_requested(), berth.stop_requested.is_set())
`);
  assert.deepEqual([end.code, end.stdout, end.stderr], [143, "ready False\non_stop\nclosed True True\n", ""]);
  assert.equal(end.result.status, "terminated");
});

Deno.test("an async Python main that looks at stop_requested is not cancelled", async () => {
  const end = await stopped(`
import asyncio, berth
async def on_stop(id, config):
    print("on_stop")
async def main(id, config):
    print("ready", bool(berth.stop_requested))
    while not berth.stop_requested:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    print("closed")
`);
  assert.deepEqual([end.code, end.stdout, end.stderr], [143, "ready False\non_stop\nclosed\n", ""]);
});

Deno.test("threads that look at stop_requested have the time they need, without the end of main", async () => {
  const end = await stopped(`
import berth, threading, time
def work():
    while not berth.stop_requested.wait(60): pass
    time.sleep(0.2)
    print("closed")
def main(id, config):
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads: thread.start()
    print("ready", bool(berth.stop_requested))
    for thread in threads: thread.join()
    print("main ends")
`);
  assert.deepEqual(
    [end.code, end.stdout],
    [143, "ready False\nclosed\nclosed\nclosed\nmain ends\n"],
    end.stderr,
  );
});

Deno.test("a Python main that looked once, but not since the stop, is interrupted after some seconds", async () => {
  for (
    const sleep of [
      "def main(id, config):\n    sleep = time.sleep",
      "async def main(id, config):\n    sleep = asyncio.sleep",
    ]
  ) {
    const wait = sleep.startsWith("async") ? "await sleep(60)" : "sleep(60)";
    const end = await stopped(`
import asyncio, berth, time
def on_stop(id, config):
    print("on_stop", bool(berth.stop_requested))
${sleep}
    try:
        while not berth.stop_requested:
            print("ready")
            ${wait}
    finally:
        print("closing")
`);
    assert.deepEqual([end.code, end.stdout, end.stderr], [143, "ready\non_stop True\nclosing\n", ""]);
  }
});

Deno.test("a Python main that imports the SDK and does not look at stop_requested is interrupted at once", async () => {
  const end = await stopped(`
import berth, time
def main(id, config):
    start = time.monotonic()
    try:
        print("ready")
        time.sleep(60)
    finally:
        print(time.monotonic() - start < 4)
`);
  assert.deepEqual([end.code, end.stdout], [143, "ready\nTrue\n"]);
});

Deno.test("processes that a Python bot starts have the SDK, and print lines of JSON at once", async () => {
  const end = await run(`
import berth, multiprocessing, subprocess, sys
def work(x):
    berth.metric("child", value=x, nan=float("nan"))
def main(id, config):
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            pool.map(work, [method])
    subprocess.run([sys.executable, "-c", "import berth; berth.metric('child', value=berth.id)"], cwd="/", check=True)
`);
  assert.equal(end.code, 0, end.stderr);
  assert.deepEqual(jsonLines(end.stdout), [
    { _metric: "child", value: "fork", nan: null },
    { _metric: "child", value: "spawn", nan: null },
    { _metric: "child", value: "bot-1" },
  ]);
});

Deno.test("a module or a package of the bot's own named berth takes the place of the SDK", async () => {
  const own: [Record<string, string>, string][] = [
    [{ "berth.py": "OWN = True" }, "berth.OWN"],
    [{ "berth/__init__.py": "OWN = True" }, "berth.OWN"],
    [{ "vendor/berth.py": "OWN = True" }, "berth.OWN"],
    [{ "berth/strategies/fast.py": "OWN = True" }, "berth.strategies.fast.OWN"],
    [{ "berth/prices.csv": "1" }, "callable(berth.metric)"],
  ];
  for (const [files, expression] of own) {
    const imported = expression.includes(".fast") ? "berth.strategies.fast" : "berth";
    const code = `import ${imported}; print(${expression})`;
    const end = await run(
      `import ${imported}, subprocess, sys
def main(id, config):
    child = subprocess.check_output([sys.executable, "-c", "${code}"], text=True, cwd="/")
    return [${expression}, child]`,
      { files },
    );
    assert.deepEqual(end.result, [true, "True\n"], `${Object.keys(files)}: ${end.stderr}`);
  }
});

Deno.test("the SDK for Python works beside modules that are named like the standard library's", async () => {
  const names = "json signal threading types os time contextlib pathlib".split(" ");
  const end = await run(
    `
import berth
def main(id, config):
    berth.metric("price", value=float("nan"))
    berth.stop_requested.wait(0.01)
`,
    { files: Object.fromEntries(names.map((name) => [`${name}.py`, "OWN = True"])) },
  );
  assert.deepEqual([end.code, end.stdout, end.stderr], [0, '{"_metric": "price", "value": null}\n', ""]);
});

Deno.test("the SDK for Python prints a readable form outside Berth, and a stop works there, too", async () => {
  const program = `
import berth, decimal
berth.metric("price", symbol="BTC-USD", value=decimal.Decimal("1.5"), nan=float("nan"))
berth.log("error", "no price", tries=3)
berth.heartbeat()
berth.status("warm")
berth.result(profit=3)
print(berth.id, berth.config, berth.state_dir.name, berth.state_dir.is_dir())
berth.stop_requested.is_set()  # from here on
print("ready", flush=True)
while not berth.stop_requested.wait(60): pass
print("again", flush=True)
`;
  const stdout = `price symbol=BTC-USD value=1.5 nan=null
ERROR no price tries=3
heartbeat
status: warm
{
  "profit": 3
}
local {} state True
ready
again
`;
  assert.deepEqual(await alone(program, ["SIGINT"]), { code: 0, stdout });
  assert.deepEqual(await alone(program, ["SIGTERM"]), { code: 0, stdout });
  const deaf = `${program}import time; time.sleep(60)`;
  assert.deepEqual(await alone(deaf, ["SIGTERM", "SIGTERM"]), { code: 143, stdout });
});

Deno.test("berth.pyi names what berth.py has, with the same parameters", async () => {
  const program = `
import ast, berth, inspect
stub = ast.parse(open("${SDK}/berth.pyi").read())
named = {}
for node in stub.body:
    if isinstance(node, ast.FunctionDef): named[node.name] = node.args
    if isinstance(node, ast.ClassDef): named[node.name] = None
    if isinstance(node, ast.AnnAssign): named[node.target.id] = None
assert set(berth.__all__) == {name for name in named if not name.startswith("_")}, named
for name, arguments in named.items():
    if arguments is None: continue
    given = [*inspect.signature(getattr(berth, name)).parameters]
    wanted = [a.arg for a in arguments.posonlyargs + arguments.args] + ([arguments.kwarg.arg] if arguments.kwarg else [])
    assert given == wanted, (name, given, wanted)
print("agree")
`;
  assert.deepEqual(await alone(program), { code: 0, stdout: "agree\n" });
});
