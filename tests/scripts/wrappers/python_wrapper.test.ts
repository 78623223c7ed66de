import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  hostileConfig,
  linesOf,
  PYTHON,
  type WrappedBotOptions,
  WrappedScripts,
} from "../../support/processes/wrapper_process.ts";

const name = "python_wrapper.py";
const { run, start, stopped } = new WrappedScripts(PYTHON);

Deno.test(`${name} calls main(id, config) in the main thread, in the code folder, and keeps what it returns`, async () => {
  const end = await run(
    `
import os, sys, threading
if __name__ == "__main__":
    print("ran as a script")
def main(id, config):
    return {
        "id": id, "config": config, "cwd": os.getcwd(), "argv": sys.argv,
        "main_thread": threading.current_thread() is threading.main_thread(),
    }
`,
    { config: '{"pair": "BTC/EUR"}' },
  );
  const { cwd, argv, ...rest } = end.result;
  assert.deepEqual(rest, { id: "bot-1", config: { pair: "BTC/EUR" }, main_thread: true });
  assert.deepEqual(argv, [join(cwd, "main.py")]);
  assert.match(cwd, /berth-wrapper-/);
  assert.deepEqual([end.code, end.stdout, end.stderr], [0, "", ""]);
});

Deno.test(`${name} hands over a hostile 200 KB configuration unchanged and never prints it`, async () => {
  const config = hostileConfig();
  const end = await run("def main(id, config):\n    return config", { config });
  assert.deepEqual(end.result, JSON.parse(config));
  assert.deepEqual([end.code, end.stdout, end.stderr], [0, "", ""]);
});

Deno.test(`${name} takes the configuration from CONFIG when there is no file`, async () => {
  const main = "def main(id, config):\n    return config";
  const env = { CONFIG: '{"a": "$HOME"}' };
  assert.deepEqual((await run(main, { config: null, env })).result, { a: "$HOME" });
  const unset = { ...env, CONFIG_FILE: undefined };
  assert.deepEqual((await run(main, { config: null, env: unset })).result, { a: "$HOME" });
});

Deno.test(`${name} runs an async main`, async () => {
  const end = await run(`
import asyncio
async def main(id, config):
    await asyncio.sleep(0.01)
    return {"id": id}
`);
  assert.deepEqual([end.code, end.result], [0, { id: "bot-1" }]);
});

Deno.test(`${name} finds modules beside the script, in the code folder and in vendor/, the code folder first`, async () => {
  const end = await run("", {
    script: "src/bot.py",
    files: {
      "src/bot.py":
        "import beside, lib.deep, vendored, both\ndef main(id, config):\n    return [beside.X, lib.deep.X, vendored.X, both.X]",
      "src/beside.py": "X = 'beside'",
      "lib/deep.py": "X = 'deep'",
      "vendor/vendored.py": "X = 'vendored'",
      "vendor/both.py": "X = 'vendor'",
      "both.py": "X = 'code'",
    },
  });
  assert.deepEqual(end.result, ["beside", "deep", "vendored", "code"]);
});

Deno.test(`${name} loads a script inside a package so that relative imports work`, async () => {
  const end = await run("", {
    script: "bots/trend/main.py",
    files: {
      "bots/__init__.py": "",
      "bots/trend/__init__.py": "",
      "bots/common.py": "X = 1",
      "bots/trend/main.py":
        "from ..common import X\ndef main(id, config):\n    return {'x': X, 'name': __name__}",
    },
  });
  assert.deepEqual(end.result, { x: 1, name: "bots.trend.main" });
});

Deno.test(`${name} loads a script that is named like a module of its own`, async () => {
  const end = await run("", {
    script: "signal.py",
    files: { "signal.py": "def main(id, config):\n    return 'fine'" },
  });
  assert.deepEqual([end.code, end.result], [0, "fine"]);
});

Deno.test(`${name} lets pickle, dataclasses and spawned processes find what the script defines`, async () => {
  const end = await run(`
import multiprocessing, pickle
from dataclasses import dataclass
@dataclass
class Order:
    amount: int
def double(order):
    return Order(order.amount * 2)
def main(id, config):
    copy = pickle.loads(pickle.dumps(Order(1)))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return [copy, *pool.map(double, [Order(2)])]
`);
  assert.deepEqual([end.code, end.result], [0, [{ amount: 1 }, { amount: 4 }]]);
});

Deno.test(`${name} shows each print at once`, async () => {
  await using bot = await start(`
import sys, time
def main(id, config):
    print("on stdout")
    print("on stderr", file=sys.stderr)
    time.sleep(600)
`);
  await bot.waitFor("on stdout\n");
  await bot.waitFor("on stderr\n", "stderr");
  bot.kill();
  assert.equal((await bot.end()).code, 143);
});

Deno.test(`${name} loses nothing of 1 MB written just before the end, whichever way it ends`, async () => {
  for (const last of ["return 1", "raise ValueError('late')", "sys.exit(4)"]) {
    const end = await run(
      `import sys\ndef main(id, config):\n    sys.stdout.write("x" * 1_000_000 + "end")\n    ${last}`,
    );
    assert.equal(end.stdout.length, 1_000_003, last);
    assert.ok(end.stdout.endsWith("end"), last);
  }
});

Deno.test(`${name} prints characters that no encoding has`, async () => {
  const end = await run("def main(id, config):\n    print('🚀 \\udc80')", {
    env: { LANG: "C", LC_ALL: "C" },
  });
  assert.deepEqual([end.code, end.stdout], [0, "🚀 \\udc80\n"]);
});

Deno.test(`${name} runs on_stop, then the finally blocks, when a sync main gets SIGTERM`, async () => {
  const end = await stopped(`
import atexit, time
atexit.register(lambda: print("atexit"))
def on_stop(id, config):
    print("on_stop", id, config)
def main(id, config):
    try:
        print("ready")
        while True:
            try:
                time.sleep(600)
            except Exception:
                print("swallowed")
    finally:
        print("finally")
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "on_stop bot-1 {}", "finally", "atexit"]);
  assert.deepEqual(end.result, { status: "terminated", message: "Stopped by SIGTERM" });
  assert.deepEqual([end.code, end.stderr], [143, ""]);
});

Deno.test(`${name} tells the reason of the stop to an on_stop that asks for it, and to no other`, async () => {
  const main = (hook: string) => `
import functools, time
${hook}
def main(id, config):
    print("ready")
    time.sleep(600)
`;
  const hooks: readonly (readonly [hook: string, told: string])[] = [
    ["def on_stop(id, config, reason): print(id, config, reason)", "bot-1 {} guard:equity"],
    ["def on_stop(id, config, why): print(why)", "guard:equity"],
    ["async def on_stop(id, config, *, reason='none'): print(reason)", "guard:equity"],
    [
      "class Bot:\n    def on_stop(self, id, config, reason): print(reason)\non_stop = Bot().on_stop",
      "guard:equity",
    ],
    [
      "def logged(f):\n    @functools.wraps(f)\n    def inner(*args, **more): return f(*args, **more)\n    return inner\n" +
      "@logged\ndef on_stop(id, config, reason): print(reason)",
      "guard:equity",
    ],
    ["def on_stop(id, config): print(id, config)", "bot-1 {}"],
    ["def on_stop(*args): print(len(args))", "2"],
    ["def on_stop(id, config, tries=3): print(tries)", "3"],
    ["class Bot:\n    def __call__(self, id, config): print(id)\non_stop = Bot()", "bot-1"],
  ];
  for (const [hook, told] of hooks) {
    const end = await stopped(main(hook), "SIGTERM", { stopReason: "guard:equity" });
    assert.deepEqual([linesOf(end.stdout), end.stderr], [["ready", told], ""], hook);
  }
  const end = await stopped(main("def on_stop(id, config, reason): print(repr(reason))"));
  assert.deepEqual(linesOf(end.stdout), ["ready", "''"]);
});

Deno.test(`${name} stops on SIGINT as on SIGTERM, with exit code 130`, async () => {
  const end = await stopped(
    "import time\ndef main(id, config):\n    print('ready')\n    time.sleep(600)",
    "SIGINT",
  );
  assert.deepEqual([end.code, end.stderr], [130, ""]);
  assert.deepEqual(end.result, { status: "terminated", message: "Stopped by SIGINT" });
});

Deno.test(`${name} runs on_stop, then cancels an async main and waits for its clean-up`, async () => {
  const main = (on_stop: string) => `
import asyncio
${on_stop}
class Connection:
    async def __aenter__(self): return self
    async def __aexit__(self, *_):
        await asyncio.sleep(0.01)
        print("closed")
async def main(id, config):
    async with Connection():
        try:
            print("ready")
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            print("cancelled")
            raise
`;
  const hooks = [
    "def on_stop(id, config): print('on_stop', id)",
    "async def on_stop(id, config):\n    await asyncio.sleep(0.01)\n    print('on_stop', id)",
  ];
  for (const hook of hooks) {
    const end = await stopped(main(hook));
    assert.deepEqual(linesOf(end.stdout), ["ready", "on_stop bot-1", "cancelled", "closed"]);
    assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
  }
});

Deno.test(`${name} lets on_stop finish when it makes an async main return`, async () => {
  const end = await stopped(`
import asyncio
done = asyncio.Event()
async def on_stop(id, config):
    done.set()
    await asyncio.sleep(0.05)
    print("on_stop is through")
async def main(id, config):
    print("ready")
    await done.wait()
    print("main is through")
    return "ignored"
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "main is through", "on_stop is through"]);
  assert.deepEqual([end.code, end.result.status], [143, "terminated"]);
});

Deno.test(`${name} unwinds a sync main that runs an event loop of its own`, async () => {
  const end = await stopped(`
import asyncio
async def on_stop(id, config):
    await asyncio.sleep(0.01)
    print("on_stop")
async def work():
    try:
        print("ready")
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(0.01)
        print("finally")
def main(id, config):
    asyncio.run(work())
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "finally", "on_stop"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test(`${name} interrupts blocking code in an async main`, async () => {
  const end = await stopped(`
import time
def on_stop(id, config):
    print("on_stop")
async def main(id, config):
    try:
        print("ready")
        time.sleep(600)
    finally:
        print("finally")
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "finally", "on_stop"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test(`${name} does not begin the stop again on a second signal`, async () => {
  await using bot = await start(`
import os, time
def on_stop(id, config):
    print("on_stop")
    while not os.path.exists("go"):
        time.sleep(0.01)
    print("on_stop is through")
def main(id, config):
    try:
        print("ready")
        time.sleep(600)
    finally:
        print("finally")
`);
  await bot.waitFor("ready");
  bot.kill();
  await bot.waitFor("on_stop");
  bot.kill();
  bot.kill("SIGINT");
  await writeFile(join(bot.folder, "go"), "");
  const end = await bot.end();
  assert.deepEqual(linesOf(end.stdout), ["ready", "on_stop", "on_stop is through", "finally"]);
  assert.equal(end.code, 143);
});

Deno.test(`${name} logs what goes wrong in on_stop and unwinds all the same`, async () => {
  for (const [start, wait] of [["def", "time.sleep(600)"], ["async def", "await asyncio.sleep(600)"]]) {
    const end = await stopped(`
import asyncio, time
${start} on_stop(id, config):
    raise ValueError("no exchange")
${start} main(id, config):
    try:
        print("ready")
        ${wait}
    finally:
        print("finally")
`);
    assert.deepEqual(linesOf(end.stdout), ["ready", "finally"]);
    assert.match(end.stderr, /main\.py", line 4, in on_stop\n(.*\n)*ValueError: no exchange\n$/);
    assert.deepEqual([end.code, end.result.status], [143, "terminated"]);
  }
});

Deno.test(`${name} reports an error when main fails while it unwinds`, async () => {
  const end = await stopped(`
import time
def main(id, config):
    try:
        print("ready")
        time.sleep(600)
    finally:
        raise ValueError("cannot close the position")
`);
  assert.match(end.stderr, /ValueError: cannot close the position/);
  assert.deepEqual([end.code, end.result.message], [1, "ValueError: cannot close the position"]);
});

Deno.test(`${name} stops during a slow import`, async () => {
  const end = await stopped(`
import time
def on_stop(id, config):
    print("main never ran")
print("ready")
time.sleep(600)
`);
  assert.deepEqual(linesOf(end.stdout), ["ready"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test(`${name} stops after an import that swallows the stop, and does not call main`, async () => {
  const end = await stopped(`
import time
try:
    print("ready")
    time.sleep(30)
except BaseException:
    pass
def main(id, config):
    print("main")
    while True: time.sleep(1)
`);
  assert.deepEqual([end.code, end.stdout], [143, "ready\n"]);
  assert.deepEqual(end.result, { status: "terminated", message: "Stopped by SIGTERM" });
});

Deno.test(`${name} keeps the bot's own result when it is stopped`, async () => {
  const end = await stopped(`
import time
def main(id, config):
    try:
        print("ready")
        time.sleep(600)
    finally:
        open("result.json", "w").write('{"trades": 3}')
`);
  assert.deepEqual([end.code, end.result], [143, { trades: 3 }]);
});

Deno.test(`${name} neither tears a line nor fails to print when the stop comes inside a blocked write`, async () => {
  await using bot = await start(
    `
import sys, threading, time
count = 0
def watch():
    seen = -1
    while seen != count:
        seen = count
        time.sleep(0.2)
    print("blocked", file=sys.stderr)
def on_stop(id, config):
    print("on_stop")
def main(id, config):
    global count
    threading.Thread(target=watch, daemon=True).start()
    try:
        while True:
            count += 1
            print("x" * 5000)
    finally:
        print("finally")
`,
    { paused: true },
  );
  await bot.waitFor("blocked", "stderr");
  bot.kill();
  bot.resume();
  const end = await bot.end();
  const all = linesOf(end.stdout);
  assert.deepEqual(all.splice(-2), ["on_stop", "finally"]);
  assert.ok(all.length > 0 && all.every((line) => line === "x".repeat(5000)));
  assert.deepEqual([end.code, end.stderr], [143, "blocked\n"]);
});

Deno.test(`${name} does not run on_stop in the bot's child processes`, async () => {
  const end = await run(`
import multiprocessing, time
def on_stop(id, config):
    print("on_stop")
def work(ready):
    ready.set()
    time.sleep(600)
def main(id, config):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=work, args=(ready,))
    child.start()
    ready.wait()
    child.terminate()
    child.join()
    return child.exitcode
`);
  assert.deepEqual([end.code, end.result, end.stdout, end.stderr], [0, -15, "", ""]);
});

Deno.test(`${name} waits for the threads that main leaves behind`, async () => {
  const end = await run(`
import threading, time
def work():
    time.sleep(0.1)
    print("thread is through")
def main(id, config):
    threading.Thread(target=work).start()
    return "main is through"
`);
  assert.deepEqual([end.code, end.stdout, end.result], [0, "thread is through\n", "main is through"]);
});

Deno.test(`${name} runs on_stop for a bot that lives on in its threads`, async () => {
  const end = await stopped(`
import threading
stop = threading.Event()
def on_stop(id, config):
    print("on_stop")
    stop.set()
def work():
    stop.wait()
    print("thread is through")
def main(id, config):
    threading.Thread(target=work).start()
    threading.Thread(target=lambda: (threading.main_thread().join(), print("ready"))).start()
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "on_stop", "thread is through"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test(`${name} does not wait forever for threads once main failed`, async () => {
  const end = await run(`
import threading, time
def main(id, config):
    threading.Thread(target=time.sleep, args=(600,), name="feed").start()
    raise ValueError("boom")
`);
  assert.match(end.stderr, /ValueError: boom\nWarning: ending with threads still running: feed\n$/);
  assert.deepEqual([end.code, end.result.message], [1, "ValueError: boom"]);
});

Deno.test(`${name} logs an uncaught error from the bot's first frame on, and exits with 1`, async () => {
  for (const start of ["def", "async def"]) {
    const end = await run(`
def price(feed):
    return feed["price"]
${start} main(id, config):
    price({})
`);
    assert.equal(end.code, 1);
    const [first, second, third] = linesOf(end.stderr);
    assert.equal(first, "Traceback (most recent call last):");
    assert.match(second!, /^ {2}File ".*\/main\.py", line 5, in main$/);
    assert.equal(third, "    price({})");
    assert.match(end.stderr, /line 3, in price\n {4}return feed\["price"\]\n(.*\n)?KeyError: 'price'\n$/);
    assert.doesNotMatch(end.stderr, /python_wrapper|asyncio/);
    const { traceback, ...result } = end.result;
    assert.deepEqual(result, { status: "error", message: "KeyError: 'price'", error_type: "KeyError" });
    assert.equal(traceback, end.stderr);
  }
});

Deno.test(`${name} reports what is wrong with a bot that cannot start`, async () => {
  const cases: [string, Partial<WrappedBotOptions>, RegExp][] = [
    ["import no_such_module", {}, /^ModuleNotFoundError: No module named 'no_such_module'$/],
    ["x = 1 / 0", {}, /^ZeroDivisionError: division by zero$/],
    ["def main(:\n", {}, /^SyntaxError: .*\(main\.py, line 1\)$/],
    ["def start(id, config): pass", {}, /^main\.py has no function main\(id, config\)$/],
    ["main = 5", {}, /^main\.py has no function main\(id, config\)$/],
    ["def main(): pass", {}, /^TypeError: main\(\) takes 0 positional arguments but 2 were given$/],
    ["", { script: "bots/x.py" }, /^The script 'bots\/x\.py' is not in .*check `entrypoints`/],
    ["", { script: "" }, /^The script '' is not in/],
    ["", { env: { ID: undefined, BOT_ID: undefined } }, /^The environment variable ID is not set$/],
    ["", { config: null }, /^Cannot read the configuration file .*config\.json/],
    ["", { config: null, env: { CONFIG_FILE: undefined } }, /^There is no configuration/],
    [
      "",
      { config: "secret-1234" },
      /^The configuration .*config\.json\) is not valid JSON: .*line 1 column 1/,
    ],
    ["", { config: '{"key": "secret-1234' }, /^The configuration .* is not valid JSON: .*line 1 column 9/],
  ];
  for (const [main, options, message] of cases) {
    const end = await run(main, options);
    assert.match(end.result.message, message);
    assert.equal(end.result.status, "error");
    assert.equal(end.code, 1);
    assert.ok(end.stderr.includes(end.result.message.split(" (main.py")[0]!), end.stderr);
    assert.doesNotMatch(end.stderr + end.stdout + end.resultText, /python_wrapper|secret-1234/);
  }
});

Deno.test(`${name} keeps the exit code of sys.exit()`, async () => {
  const cases: [string, number, string][] = [
    ["sys.exit(3)", 3, "error"],
    ["sys.exit('out of money')", 1, "error"],
    ["sys.exit(0)", 0, "success"],
    ["sys.exit()", 0, "success"],
  ];
  for (const [call, code, status] of cases) {
    const end = await run(`import sys\ndef main(id, config):\n    ${call}`);
    assert.deepEqual([end.code, end.result.status], [code, status], call);
    assert.equal(end.stderr, code === 1 ? "out of money\n" : "");
  }
});

Deno.test(`${name} bounds the traceback in the result`, async () => {
  const end = await run(`def main(id, config):\n    raise ValueError("x" * 100_000 + "end")`);
  assert.ok(end.resultText!.length < 20_000);
  assert.ok(end.result.traceback.endsWith("end\n"));
  assert.ok(end.stderr.length > 100_000);
});

Deno.test(`${name} writes a success when main returns nothing`, async () => {
  const end = await run("def main(id, config):\n    pass");
  assert.deepEqual([end.code, end.result.status, typeof end.result.message], [0, "success", "string"]);
});

Deno.test(`${name} keeps the bot's own result.json, but not one from before`, async () => {
  const own = await run(`
def main(id, config):
    open("result.json", "w").write("[1, 2]")
    return {"mine": False}
`);
  assert.deepEqual(own.result, [1, 2]);
  const stale = await run("def main(id, config):\n    return 'new'", { files: { "result.json": '"stale"' } });
  assert.equal(stale.result, "new");
});

Deno.test(`${name} writes result.json itself, not what a link of that name points to`, async () => {
  const main = `
import os
def main(id, config):
    os.symlink("canary", "result.json")
    raise ValueError("boom")
`;
  await using bot = await start(main, { files: { "canary": "untouched" } });
  const end = await bot.end();
  assert.equal(end.result.status, "error");
  assert.equal(await readFile(join(bot.folder, "canary"), "utf8"), "untouched");
});

Deno.test(`${name} does not let a failed write hide how the bot ended`, async () => {
  const end = await run(`
import os
def main(id, config):
    os.makedirs("result.json/full")
    raise ValueError("boom")
`);
  assert.equal(end.code, 1);
  assert.match(end.stderr, /ValueError: boom\nWarning: cannot write .*result\.json: /);
});
