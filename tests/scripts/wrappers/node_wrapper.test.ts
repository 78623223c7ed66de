import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  hostileConfig,
  linesOf,
  NODE,
  runWrapped,
  WrappedBot,
  type WrappedBotOptions,
  WrappedScripts,
} from "../../support/processes/wrapper_process.ts";

const name = "node_wrapper.cjs";
const { run, start, stopped } = new WrappedScripts(NODE);

const SLEEP = `const { setTimeout: sleep } = require("node:timers/promises");`;

Deno.test(`${name} calls main(id, config) in the code folder and keeps what it returns`, async () => {
  const end = await run(
    `
if (require.main === module) console.log("ran as a script");
module.exports = (id, config) => ({ id, config, cwd: process.cwd(), script: process.argv[1] });
`,
    { config: '{"pair": "BTC/EUR"}' },
  );
  const { cwd, script, ...rest } = end.result;
  assert.deepEqual(rest, { id: "bot-1", config: { pair: "BTC/EUR" } });
  assert.match(cwd, /berth-wrapper-/);
  assert.equal(script, join(cwd, "main.js"));
  assert.deepEqual([end.code, end.stdout, end.stderr], [0, "", ""]);
});

Deno.test(`${name} hands over a hostile 200 KB configuration unchanged and never prints it`, async () => {
  const config = hostileConfig();
  const end = await run("module.exports = (id, config) => config", { config });
  assert.deepEqual(end.result, JSON.parse(config));
  assert.deepEqual([end.code, end.stdout, end.stderr], [0, "", ""]);
});

Deno.test(`${name} takes the configuration from CONFIG when there is no file`, async () => {
  const main = "module.exports = (id, config) => config";
  const env = { CONFIG: '{"a": "$HOME"}' };
  assert.deepEqual((await run(main, { config: null, env })).result, { a: "$HOME" });
  const unset = { ...env, CONFIG_FILE: undefined };
  assert.deepEqual((await run(main, { config: null, env: unset })).result, { a: "$HOME" });
});

Deno.test(`${name} finds main in every form of CommonJS and ES module`, async () => {
  const esm = '{"type": "module"}';
  const cases: [string, Record<string, string>][] = [
    ["main.js", { "main.js": "module.exports = async (id) => id" }],
    ["main.js", { "main.js": "exports.main = (id) => id" }],
    ["main.js", { "main.js": "const main = (id) => id; module.exports = { main }" }],
    ["main.js", { "main.js": "exports.__esModule = true; exports.default = (id) => id" }],
    ["main.cjs", { "main.cjs": "exports.default = (id) => id" }],
    ["main.mjs", { "main.mjs": "export default async (id) => id" }],
    ["main.mjs", { "main.mjs": "export function main(id) { return id }" }],
    ["main.mjs", { "main.mjs": "export default { main: (id) => id }" }],
    ["src/main.js", {
      "package.json": esm,
      "src/main.js":
        "import id from './id.js'; const wait = await Promise.resolve(id); export const main = () => wait",
      "src/id.js": "export default 'bot-1'",
    }],
    ["src/main.js", {
      "src/main.js": "const id = require('ids'); module.exports = () => id",
      "node_modules/ids/index.js": "module.exports = 'bot-1'",
    }],
  ];
  for (const [script, files] of cases) {
    const end = await runWrapped(NODE, { script, files });
    assert.deepEqual([end.code, end.result, end.stderr], [0, "bot-1", ""], JSON.stringify(files));
  }
});

Deno.test(`${name} loses nothing of 1 MB written just before the end, whichever way it ends`, async () => {
  const endings = [
    "return 1",
    "process.exit(4)",
    "throw new Error('late')",
    "setTimeout(() => { throw new Error('late') })",
    "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setInterval(() => {}, 1000))",
  ];
  for (const last of endings) {
    await using bot = await start(
      `module.exports = async () => { process.stdout.write("x".repeat(1_000_000) + "end"); ${last} }`,
      { paused: true },
    );
    bot.resume();
    const end = await bot.end();
    assert.equal(end.stdout.length, 1_000_003, last);
    assert.ok(end.stdout.endsWith("end"), last);
  }
});

Deno.test(`${name} ends at once on SIGTERM when the bot knows nothing of it`, async () => {
  const end = await stopped(`
process.on("exit", () => console.log("exit handler"));
module.exports = async () => {
  console.log("ready");
  await new Promise(() => setInterval(() => {}, 1000));
};
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "exit handler"]);
  assert.deepEqual(end.result, { status: "terminated", message: "Stopped by SIGTERM" });
  assert.deepEqual([end.code, end.stderr], [143, ""]);
});

Deno.test(`${name} stops on SIGINT as on SIGTERM, with exit code 130`, async () => {
  const main = `module.exports = () => { console.log("ready"); setInterval(() => {}, 1000); };`;
  const end = await stopped(main, "SIGINT");
  assert.deepEqual(end.result, { status: "terminated", message: "Stopped by SIGINT" });
  assert.equal(end.code, 130);
});

Deno.test(`${name} aborts the signal and waits for the clean-up of a bot that took it`, async () => {
  const end = await stopped(`
${SLEEP}
exports.main = async (id, config, { signal }) => {
  try {
    console.log("ready");
    await sleep(600_000, undefined, { signal });
  } finally {
    await sleep(20);
    console.log("finally");
  }
};
exports.onStop = (id, config, { signal }) => console.log("onStop", id, signal.aborted);
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "onStop bot-1 true", "finally"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test(`${name} tells onStop the reason of the stop`, async () => {
  const bot = `
exports.main = async () => { console.log("ready"); await new Promise((resolve) => setTimeout(resolve, 600_000)); };
exports.onStop = (id, config, { reason }) => { console.log([reason]); process.exit(143); };
`;
  const end = await stopped(bot, "SIGTERM", { stopReason: "guard:equity" });
  assert.deepEqual(linesOf(end.stdout), ["ready", "[ 'guard:equity' ]"]);
  assert.deepEqual(linesOf((await stopped(bot)).stdout), ["ready", "[ '' ]"]);
});

Deno.test(`${name} waits for an async onStop and for the main that it ends`, async () => {
  const end = await stopped(`
${SLEEP}
let end;
exports.main = async () => {
  console.log("ready");
  await new Promise((resolve) => { end = resolve; setInterval(() => {}, 1000); });
  await sleep(20);
  console.log("main is through");
};
exports.onStop = async () => { await sleep(20); console.log("onStop"); end(); };
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "onStop", "main is through"]);
  assert.deepEqual([end.code, end.result.status], [143, "terminated"]);
});

Deno.test(`${name} does not wait forever for a main that ignores its onStop`, async () => {
  const end = await stopped(`
exports.main = () => { console.log("ready"); return new Promise(() => setInterval(() => {}, 1000)); };
exports.onStop = () => console.log("onStop");
`);
  assert.deepEqual(linesOf(end.stdout), ["ready", "onStop"]);
  assert.deepEqual([end.code, end.result.status], [143, "terminated"]);
});

Deno.test(`${name} lets a bot with a SIGTERM handler of its own end by itself`, async () => {
  const own = await stopped(`
module.exports = () => {
  const timer = setInterval(() => {}, 1000);
  process.on("SIGTERM", () => setTimeout(() => { console.log("closed"); clearInterval(timer); }, 20));
  console.log("ready");
};
`);
  assert.deepEqual(linesOf(own.stdout), ["ready", "closed"]);
  assert.deepEqual([own.code, own.result.status], [143, "terminated"]);

  const exits = await stopped(`
module.exports = () => {
  setInterval(() => {}, 1000);
  process.on("SIGTERM", () => setTimeout(() => process.exit(0), 20));
  console.log("ready");
};
`);
  assert.deepEqual([exits.code, exits.result.status], [0, "terminated"]);
});

Deno.test(`${name} does not begin the stop again on a second signal`, async () => {
  await using bot = await start(`
const { existsSync } = require("node:fs");
exports.main = () => { console.log("ready"); setInterval(() => {}, 1000); };
exports.onStop = () => new Promise((resolve) => {
  console.log("onStop");
  setInterval(() => existsSync("go") && resolve(), 5);
});
`);
  await bot.waitFor("ready");
  bot.kill();
  await bot.waitFor("onStop");
  bot.kill();
  bot.kill("SIGINT");
  await writeFile(join(bot.folder, "go"), "");
  const end = await bot.end();
  assert.deepEqual(linesOf(end.stdout), ["ready", "onStop"]);
  assert.equal(end.code, 143);
});

Deno.test(`${name} logs what goes wrong in onStop and stops all the same`, async () => {
  const end = await stopped(`
exports.main = () => { console.log("ready"); setInterval(() => {}, 1000); };
exports.onStop = async () => { throw new Error("no exchange"); };
`);
  assert.match(end.stderr, /^Error: no exchange\n {4}at .*main\.js:3:/);
  assert.deepEqual([end.code, end.result.status], [143, "terminated"]);
});

Deno.test(`${name} reports an error when main fails while it is stopped`, async () => {
  const end = await stopped(`
exports.main = async (id, config, { signal }) => {
  console.log("ready");
  const timer = setInterval(() => {}, 1000);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  clearInterval(timer);
  throw new Error("cannot close the position");
};
`);
  assert.match(end.stderr, /^Error: cannot close the position/);
  assert.deepEqual([end.code, end.result.message], [1, "Error: cannot close the position"]);
});

Deno.test(`${name} stops while the script is still loading`, async () => {
  await using bot = await WrappedBot.start(NODE, {
    script: "main.mjs",
    files: {
      "main.mjs": `
console.log("ready");
await new Promise(() => setInterval(() => {}, 1000));
export const onStop = () => console.log("main never ran");
export const main = () => {};
`,
    },
  });
  await bot.waitFor("ready");
  bot.kill();
  const end = await bot.end();
  assert.deepEqual([end.code, end.result.status, end.stdout, end.stderr], [143, "terminated", "ready\n", ""]);
});

Deno.test(`${name} keeps the bot's own result when it is stopped`, async () => {
  const end = await stopped(`
const { writeFileSync } = require("node:fs");
exports.main = () => { console.log("ready"); setInterval(() => {}, 1000); };
exports.onStop = () => writeFileSync("result.json", '{"trades": 3}');
`);
  assert.deepEqual([end.code, end.result], [143, { trades: 3 }]);
});

Deno.test(`${name} keeps a bot running while its timers do, and ends a backtest with its main`, async () => {
  const main = `
module.exports = () => {
  let count = 0;
  const timer = setInterval(() => { console.log(++count); if (count === 3) clearInterval(timer); }, 5);
  return "returned";
};
`;
  const bot = await run(main);
  assert.deepEqual([bot.code, bot.stdout, bot.result], [0, "1\n2\n3\n", "returned"]);
  const backtest = await run("module.exports = () => { setInterval(() => {}, 1000); return 'returned'; }", {
    entrypointType: "backtest",
  });
  assert.deepEqual([backtest.code, backtest.result], [0, "returned"]);
});

Deno.test(`${name} logs an uncaught error from the bot's frames only, and exits with 1`, async () => {
  const bodies = [
    "price({})",
    "await null; price({})",
    "setInterval(() => {}, 1000); setTimeout(() => price({}))",
    "setInterval(() => {}, 1000); (async () => { await null; price({}); })()",
  ];
  for (const body of bodies) {
    const end = await run(`
function price(feed) {
  return feed.price.value;
}
module.exports = async function main() { ${body}; };
`);
    const message = "TypeError: Cannot read properties of undefined (reading 'value')";
    const [first, second] = linesOf(end.stderr);
    assert.equal(first, message);
    assert.match(second!, /^ {4}at price \(.*\/main\.js:3:21\)$/);
    assert.doesNotMatch(end.stderr, /node_wrapper|node:internal/);
    const { traceback, ...result } = end.result;
    assert.deepEqual(result, { status: "error", message, error_type: "TypeError" });
    assert.equal(`${traceback}\n`, end.stderr);
    assert.equal(end.code, 1);
  }
});

Deno.test(`${name} keeps the details of an error that Node.js adds`, async () => {
  const end = await run(`module.exports = () => require("node:fs").readFileSync("missing")`);
  assert.match(end.stderr, /^Error: ENOENT: .*\n(.*\n)* {4}at .*main\.js:1:\d+\) \{\n {2}errno: -2,\n/);
});

Deno.test(`${name} leaves errors to the bot's own handlers`, async () => {
  const end = await run(`
process.on("uncaughtException", (error) => console.log("handled", error.message));
module.exports = async () => {
  setTimeout(() => { throw new Error("one"); });
  setTimeout(() => Promise.reject(new Error("two")));
};
`);
  assert.deepEqual(linesOf(end.stdout), ["handled one", "handled two"]);
  assert.deepEqual([end.code, end.result.status], [0, "success"]);
});

Deno.test(`${name} reports what is wrong with a bot that cannot start`, async () => {
  const cases: [string, Partial<WrappedBotOptions>, RegExp][] = [
    ["require('no-such-module')", {}, /^Error: Cannot find module 'no-such-module'/],
    ["null.x", {}, /^TypeError: Cannot read properties of null/],
    ["function main( {", {}, /^SyntaxError: /],
    ["exports.start = () => {}", {}, /^main\.js exports no function main\(id, config\)$/],
    ["exports.main = 5", {}, /^main\.js exports no function main\(id, config\)$/],
    ["module.exports = () => { throw 'text' }", {}, /^'text'$/],
    ["", { script: "bots/x.js" }, /^The script 'bots\/x\.js' is not in .*check 'entrypoints'/],
    ["", { script: "" }, /^The script '' is not in/],
    ["", { env: { ID: undefined, BOT_ID: undefined } }, /^The environment variable ID is not set$/],
    ["", { config: null }, /^Cannot read the configuration file .*config\.json/],
    ["", { config: null, env: { CONFIG_FILE: undefined } }, /^There is no configuration/],
    ["", { config: "secret-1234" }, /^The configuration .*config\.json\) is not valid JSON: error at/],
    ["", { config: '{"key": "secret-1234' }, /^The configuration .* is not valid JSON: error at/],
    [
      "module.exports = () => new Promise(() => {})",
      {},
      /^main never finished: it waits for something that can no longer happen$/,
    ],
  ];
  for (const [main, options, message] of cases) {
    const end = await run(main, options);
    assert.match(end.result.message, message);
    assert.deepEqual([end.code, end.result.status], [1, "error"]);
    assert.ok(end.stderr.includes(end.result.message), end.stderr);
    assert.doesNotMatch(end.stderr + end.stdout + end.resultText, /node_wrapper|secret-1234/);
  }
});

Deno.test(`${name} shows the line of a syntax error, in CommonJS and in ES modules`, async () => {
  for (const script of ["main.js", "main.mjs"]) {
    const end = await runWrapped(NODE, { script, files: { [script]: "let ok = 1;\nlet let = 2;\n" } });
    assert.match(end.stderr, new RegExp(`${script}:2\n`));
    assert.match(end.stderr, /let let = 2;/);
    assert.deepEqual([end.code, end.result.error_type], [1, "SyntaxError"]);
  }
});

Deno.test(`${name} keeps the exit code of process.exit()`, async () => {
  for (const [code, status] of [[3, "error"], [0, "success"]] as const) {
    const end = await run(`module.exports = async () => { await null; process.exit(${code}); }`);
    assert.deepEqual([end.code, end.result.status, end.stderr], [code, status, ""]);
  }
  const set = await run("module.exports = () => { process.exitCode = 5; return 1; }");
  assert.deepEqual([set.code, set.result.status], [5, "error"]);
});

Deno.test(`${name} bounds the traceback in the result`, async () => {
  const end = await run(`module.exports = () => { throw new Error("x".repeat(100_000)); }`);
  assert.ok(end.resultText!.length < 20_000);
  assert.ok(end.stderr.length > 100_000);
});

Deno.test(`${name} writes a success when main returns nothing`, async () => {
  const end = await run("module.exports = async () => {}");
  assert.deepEqual([end.code, end.result.status, typeof end.result.message], [0, "success", "string"]);
});

Deno.test(`${name} keeps the bot's own result.json, but not one from before`, async () => {
  const write = `require("node:fs").writeFileSync("result.json", "[1, 2]");`;
  const own = await run(`module.exports = () => { ${write} return { mine: false }; }`);
  assert.deepEqual(own.result, [1, 2]);
  const stale = await run("module.exports = () => 'new'", { files: { "result.json": '"stale"' } });
  assert.equal(stale.result, "new");
});

Deno.test(`${name} writes result.json itself, not what a link of that name points to`, async () => {
  const main = `
module.exports = () => {
  require("node:fs").symlinkSync("canary", "result.json");
  throw new Error("boom");
};
`;
  await using bot = await start(main, { files: { "canary": "untouched" } });
  assert.equal((await bot.end()).result.status, "error");
  assert.equal(await readFile(join(bot.folder, "canary"), "utf8"), "untouched");
});

Deno.test(`${name} does not let a failed write hide how the bot ended`, async () => {
  const end = await run(`
module.exports = () => {
  require("node:fs").mkdirSync("result.json/full", { recursive: true });
  throw new Error("boom");
};
`);
  assert.equal(end.code, 1);
  assert.match(end.stderr, /^Error: boom\n(.*\n)+Warning: cannot write .*result\.json: /);
});
