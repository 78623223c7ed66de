import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLines, SdkPrograms } from "../../support/processes/sdk_program.ts";
import { NODE, repositoryFile } from "../../support/processes/wrapper_process.ts";

const { run, stopped, alone } = new SdkPrograms({
  wrapper: NODE,
  script: "main.js",
  command: ["node"],
  program: "program.cjs",
  install: (folder) =>
    cp(repositoryFile("lib/executable/sdk/node"), join(folder, "node_modules/berth"), { recursive: true }),
});

Deno.test("the SDK for Node.js prints metrics, heartbeats and messages as lines of JSON", async () => {
  const state = join(tmpdir(), "berth-sdk-node-state");
  const end = await run(
    `
const berth = require("berth");
module.exports = async (id, config) => {
  berth.metric("price", { symbol: "BTC-USD", value: 97123.5 });
  berth.metric("equity", 1234.5);
  berth.metric("fill", { size: 10n, fee: NaN, legs: new Map([["a", new Set([1])]]), row: new Float64Array([1.5]) });
  berth.metric("tick");
  for (let i = 0; i < 1000; i++) berth.heartbeat();
  berth.ready();
  berth.status("warms up");
  berth.status(" warms\\nup ");
  berth.status("");
  berth.log("warning", "no price: 🚀\\n", { tries: 3, error: new RangeError("late") });
  berth.log("INFO", 5);
  try { berth.metric(""); } catch (error) { console.log(JSON.stringify({ error: error.name })); }
  return [id === berth.id, berth.config, berth.stateDir];
};
`,
    { config: '{"a": 1}', env: { STATE_DIR: state } },
  );
  assert.deepEqual([end.code, end.stderr], [0, ""]);
  assert.deepEqual(jsonLines(end.stdout), [
    { _metric: "price", symbol: "BTC-USD", value: 97123.5 },
    { _metric: "equity", value: 1234.5 },
    { _metric: "fill", size: "10", fee: null, legs: { a: [1] }, row: [1.5] },
    { _metric: "tick" },
    { _heartbeat: true },
    { _heartbeat: "READY=1" },
    { _heartbeat: "STATUS=warms up" },
    { _heartbeat: "STATUS=" },
    {
      level: "warn",
      message: "no price: 🚀\n",
      tries: 3,
      error: { name: "RangeError", message: "late" },
    },
    { level: "info", message: "5" },
    { error: "TypeError" },
  ]);
  assert.deepEqual(end.result, [true, { a: 1 }, state]);
  await rm(state, { recursive: true });
});

Deno.test("the SDK for Node.js is there for ES modules, with its functions by name", async () => {
  const end = await run("", {
    script: "bots/main.mjs",
    files: {
      "bots/main.mjs": `
import berth, { metric, SecretError } from "berth";
export default () => {
  metric("price", { same: berth.metric === metric });
  try { berth.secret("NONE"); } catch (error) { return error instanceof SecretError; }
};
`,
    },
  });
  assert.deepEqual([end.stdout, end.result], ['{"_metric":"price","same":true}\n', true], end.stderr);
});

Deno.test("the SDK for Node.js reads secrets from files and variables, and says where it looked", async () => {
  const end = await run(`
const berth = require("berth");
const fs = require("node:fs");
module.exports = () => {
  fs.writeFileSync("named", "from a file\\r\\n");
  fs.writeFileSync("binary", Buffer.from([0xff]));
  fs.writeFileSync("empty", "");
  Object.assign(process.env, { OTHER: "from the environment", FILED_FILE: fs.realpathSync("named"),
    BINARY_FILE: "binary", EMPTY_FILE: "empty", GONE_FILE: "/nonexistent", BLANK: "" });
  const failed = (name) => { try { return berth.secret(name); } catch (error) { return error.message; } };
  return [berth.secret("OTHER"), berth.secret("FILED"), berth.secret("NONE", "none"),
    ...["NONE", "BLANK", "EMPTY", "BINARY", "GONE", "../main.js"].map(failed)];
};
`);
  assert.deepEqual(end.result, [
    "from the environment",
    "from a file",
    "none",
    "There is no secret 'NONE': /run/secrets/NONE does not exist, and neither NONE_FILE nor NONE is set. Name it under 'secrets' in bot-config.yaml",
    "There is no secret 'BLANK': /run/secrets/BLANK does not exist, and BLANK is empty. Name it under 'secrets' in bot-config.yaml",
    "The secret 'EMPTY' is empty: see empty",
    "Cannot read the secret 'BINARY' from binary: it is not UTF-8",
    "Cannot read the secret 'GONE' from /nonexistent: ENOENT: no such file or directory, open '/nonexistent'",
    "'../main.js' cannot be the name of a secret: use letters, digits, '_', '-' and '.'",
  ], end.stderr);
});

Deno.test("the SDK for Node.js writes a result at once, which counts more than what main returns", async () => {
  const end = await run(`
const berth = require("berth");
module.exports = () => {
  berth.result({ profit: 1 });
  const before = JSON.parse(require("node:fs").readFileSync("result.json"));
  berth.result({ before, nan: NaN });
  return "ignored";
};
`);
  assert.deepEqual(end.result, { before: { profit: 1 }, nan: null }, end.stderr);
});

Deno.test("a Node.js main that looks at stopRequested or sleeps with the SDK ends by itself", async () => {
  for (const wait of ["berth.sleep(60_000)", "new Promise((resolve) => setTimeout(resolve, 50))"]) {
    const end = await stopped(`
const berth = require("berth");
const { setTimeout: pause } = require("node:timers/promises");
exports.onStop = () => console.log("onStop");
exports.main = async () => {
  console.log("ready");
  while (!berth.stopRequested) await ${wait};
  await pause(200);
  console.log("closed", berth.signal.aborted, await berth.sleep(60_000));
};
`);
    assert.deepEqual([end.code, end.stdout, end.stderr], [143, "ready\nonStop\nclosed true true\n", ""]);
    assert.equal(end.result.status, "terminated");
  }
});

Deno.test("a Node.js main that imports the SDK and does not look at the stop ends at once", async () => {
  const end = await stopped(`
require("berth");
exports.main = async () => {
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
};
`);
  assert.deepEqual([end.code, end.stdout], [143, "ready\n"]);
});

Deno.test("a worker thread of a Node.js bot hears of the stop", async () => {
  const end = await stopped(
    `
const berth = require("berth");
const { Worker } = require("node:worker_threads");
exports.main = async () => {
  const worker = new Worker(require.resolve("./worker.js"));
  worker.on("message", console.log);
  const ended = new Promise((resolve) => worker.on("exit", resolve));
  while (!berth.stopRequested) await berth.sleep(60_000);
  await ended;
};
`,
    {
      "worker.js": `
const berth = require("berth");
const { parentPort } = require("node:worker_threads");
(async () => {
  const asleep = berth.sleep(60_000);
  parentPort.postMessage("ready");
  parentPort.postMessage(\`closed \${await asleep}\`);
})();
`,
    },
  );
  assert.deepEqual([end.code, end.stdout], [143, "ready\nclosed true\n"], end.stderr);
});

Deno.test("processes that a Node.js bot starts have the SDK", async () => {
  const end = await run(
    `
const { execFileSync } = require("node:child_process");
module.exports = () => execFileSync(process.execPath, ["worker.js"], { encoding: "utf8" });
`,
    { files: { "worker.js": 'const berth = require("berth"); berth.metric("child", { id: berth.id });' } },
  );
  assert.equal(end.result, '{"_metric":"child","id":"bot-1"}\n', end.stderr);
});

Deno.test("a package of a Node.js bot's own named berth takes the place of the SDK", async () => {
  const end = await run('module.exports = () => require("berth").own;', {
    files: { "node_modules/berth/index.js": "exports.own = true;" },
  });
  assert.equal(end.result, true, end.stderr);
});

Deno.test("the SDK for Node.js prints a readable form outside Berth, and a stop works there, too", async () => {
  const program = `
const berth = require("berth");
(async () => {
  berth.metric("price", { symbol: "BTC-USD", value: 1.5, nan: NaN });
  berth.log("error", "no price", { tries: 3 });
  berth.heartbeat();
  berth.status("warm");
  berth.result({ profit: 3 });
  console.log(berth.id, JSON.stringify(berth.config), require("node:path").basename(berth.stateDir));
  const asleep = berth.sleep(60_000);
  console.log("ready");
  await asleep;
  console.log("again");
  DEAF
})();
`;
  const stdout = `price symbol=BTC-USD value=1.5 nan=null
ERROR no price tries=3
heartbeat
status: warm
{
  "profit": 3
}
local {} state
ready
again
`;
  assert.deepEqual(await alone(program.replace("DEAF", ""), ["SIGINT"]), { code: 0, stdout });
  assert.deepEqual(await alone(program.replace("DEAF", ""), ["SIGTERM"]), { code: 0, stdout });
  const deaf = program.replace("DEAF", "setTimeout(() => {}, 60_000);");
  assert.deepEqual(await alone(deaf, ["SIGTERM", "SIGTERM"]), { code: 143, stdout });
});

Deno.test("berth.d.ts names what the package has, and its types hold", async () => {
  const sdk = repositoryFile("lib/executable/sdk/node");
  const folder = await mkdtemp(join(tmpdir(), "berth-sdk-"));
  try {
    await cp(sdk, join(folder, "node_modules/berth"), { recursive: true });
    // A copy: other tests of the same process may have loaded the files themselves as texts.
    const { default: berth } = await import(join(folder, "node_modules/berth/berth.mjs"));
    const named = (await Deno.readTextFile(`${sdk}/berth.d.ts`)).matchAll(
      /^ {2}(?:function|const|class) (\w+)/gm,
    );
    assert.deepEqual(Object.keys(berth).sort(), [...named].map(([, name]) => name!).sort());
    await writeFile(join(folder, "package.json"), "{}");
    const check = async (program: string) => {
      await writeFile(join(folder, "bot.ts"), program);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", "bot.ts"],
        cwd: folder,
        stderr: "piped",
        stdout: "piped",
      }).output();
      return success ? "" : new TextDecoder().decode(stderr);
    };
    assert.equal(
      await check(`
import berth, { metric } from "berth";
metric("price", { value: 5 });
const key: string = berth.secret("KEY");
const stop: boolean = berth.stopRequested;
const signal: AbortSignal = berth.signal;
console.log(key, stop, signal, await berth.sleep(5), new berth.SecretError());
`),
      "",
    );
    assert.match(await check('import berth from "berth"; berth.metric(5);'), /TS2345/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
