"use strict";
/*
 * Runs a bot's main(id, config, { signal }) in its container: loads the script (CommonJS or ES module), hands it the
 * configuration, turns a stop signal into the AbortSignal and onStop, and leaves result.json in the code folder.
 *
 * Needs Node.js 20 and nothing but its own modules. It never prints the configuration.
 */
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const process = require("node:process");
const { pathToFileURL } = require("node:url");
const { inspect } = require("node:util");
const { toJson } = require("./_berth_json.cjs");
const { BotError, findScript, readConfig } = require("./_berth_load.cjs");
const { keepCharactersWhole } = require("./_berth_pieces.cjs");
const { removeStaleResult, saveResult } = require("./_berth_result.cjs");

/** How long, in milliseconds, a bot that may not know of the stop gets to end by itself. */
const PATIENCE = 5_000;
/** Characters of a message or a traceback kept in result.json. */
const TEXT_LIMIT = 8_000;

const { env } = process;
const code = path.resolve(env.CODE_MOUNT_DIR || path.dirname(__dirname));
const resultFile = path.join(code, "result.json");
const isBacktest = env.ENTRYPOINT_TYPE === "backtest";
const controller = new AbortController();
/** The third argument of main, and what the SDK's `signal` and `stopRequested` look at. */
const context = {
  get signal() {
    signalTaken = true;
    return controller.signal;
  },
};
globalThis[Symbol.for("berth.wrapper")] = context;
/** The third argument of onStop. */
const stopContext = {
  get signal() {
    return context.signal;
  },
  get reason() {
    return stopReason();
  },
};

// The known facts about the run so far; the exit handler turns them into the result.
let bot; // { id, config, onStop } once main may run
let signalTaken = false; // the bot looked at the AbortSignal, so it ends by itself
let stoppedBy; // the name of the signal that asked for the stop
let settled = false; // main returned
let returned;
let failure; // { error } that ended the bot
let drained = false; // the event loop has nothing left to do
let mainIsOver; // resolves `mainSettled`
const mainSettled = new Promise((resolve) => mainIsOver = resolve);

// Pipes are asynchronous by default, and process.exit() would lose what they have not taken yet.
for (const stream of [process.stdout, process.stderr]) {
  stream._handle?.setBlocking?.(true);
  keepCharactersWhole(stream);
}
process.on("exit", finish);
process.on("beforeExit", () => {
  if (stoppedBy) process.exit(signalCode());
  drained = true;
});
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.on("uncaughtException", (error) => { // rejections that nobody handles come here as well
  if (process.listenerCount("uncaughtException") === 1) fail(error);
});
start();

async function start() {
  removeStaleResult(resultFile, log);
  try {
    bot = await load();
    returned = await bot.main(bot.id, bot.config, context);
    settled = true;
    mainIsOver();
    // A bot whose main returned lives on while its timers and sockets do; a backtest is done.
    if (isBacktest && !stoppedBy) process.exit();
  } catch (error) {
    mainIsOver();
    fail(error);
  }
}

/** Loads the script; returns its functions and what they are called with. */
async function load() {
  const id = env.ID || (isBacktest ? env.BACKTEST_ID : env.BOT_ID);
  if (!id) throw new BotError("The environment variable ID is not set");
  const config = readConfig(env);
  const script = env.SCRIPT_PATH || "";
  const file = findScript(code, script);
  process.chdir(code);
  process.argv[1] = file;
  const module = await import(pathToFileURL(file).href);
  const inner = module.default; // what CommonJS exported, or the default export
  const isFunction = (value) => typeof value === "function";
  const main = [module.main, inner, inner?.main, inner?.default].find(isFunction);
  if (!main) throw new BotError(`${script} exports no function main(id, config)`);
  const onStop = [module.onStop, inner?.onStop, inner?.default?.onStop].find(isFunction);
  return { main, onStop, id, config };
}

/** Two steps: the bot hears of it (AbortSignal, own handlers, onStop), then it gets the time it may need. */
async function stop(name) {
  if (stoppedBy) return;
  stoppedBy = name;
  const endsByItself = signalTaken || process.listenerCount(name) > 1;
  const wasSettled = settled;
  controller.abort();
  tellWorkers();
  if (bot?.onStop) {
    try {
      await bot.onStop(bot.id, bot.config, stopContext);
    } catch (error) {
      if (!isAbort(error)) log(describe(error));
    }
  }
  if (endsByItself) {
    // Work that main started may outlast it; beforeExit comes when all is done.
    if (wasSettled) return;
    await mainSettled;
    await patience();
  } else if (bot?.onStop) {
    await Promise.race([mainSettled, patience()]);
  }
  process.exit(signalCode());
}

/** Why Berth stops the bot, in its words; empty if Berth does not stop it. */
function stopReason() {
  try {
    return fs.readFileSync(path.join(__dirname, "stop_reason"), "utf8");
  } catch {
    return "";
  }
}

/** The SDK of each worker thread listens; signals come to the main thread alone. */
function tellWorkers() {
  const channel = new BroadcastChannel("berth.stop");
  channel.postMessage(stoppedBy);
  channel.close();
}

function patience() {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE).unref());
}

function signalCode() {
  return failure ? 1 : 128 + os.constants.signals[stoppedBy];
}

/** Tells an error that nobody caught, and ends the bot; a stop that is under way is not cut short by it. */
function fail(error) {
  if (stoppedBy && isAbort(error)) return;
  const first = !failure;
  failure ??= { error };
  const text = describe(error);
  if (error instanceof SyntaxError && !text.includes(code)) {
    // An ES module: only Node itself knows the line, and prints it when nobody catches the error.
    process.removeAllListeners("uncaughtException");
    setImmediate(() => {
      throw error;
    });
    return;
  }
  log(text);
  if (first && !stoppedBy) process.exit(1);
}

/** Whether an error is that of an aborted wait: a requested stop, not a failure. */
function isAbort(error) {
  return error?.name === "AbortError" || error === controller.signal.reason;
}

/** The error with its stack, without the frames below the bot's own. */
function describe(error) {
  if (error instanceof BotError) return `Error: ${error.message}`;
  const text = error instanceof Error ? inspect(error) : `Uncaught ${inspect(error)}`;
  return withoutOwnFrames(text);
}

const OWN_FRAMES = [
  "node_wrapper.cjs",
  "_berth_load.cjs",
  "_berth_result.cjs",
  "_berth_json.cjs",
  "node:internal/",
];

/** Line by line, in time that grows with the length alone. */
function withoutOwnFrames(text) {
  const kept = [];
  for (const line of text.split("\n")) {
    const isOwn = kept.length > 0 && /^\s+at /.test(line) &&
      OWN_FRAMES.some((name) => line.includes(name));
    if (!isOwn) kept.push(line);
    // Lines after the last frame belong to the error.
    else if (line.endsWith(" {")) kept.push(`${kept.pop()} {`);
  }
  return kept.join("\n");
}

function log(text) {
  try {
    process.stderr.write(`${text}\n`);
  } catch {
    // nobody reads it any more
  }
}

/** Runs when the process ends, for whatever reason: settles the exit code and leaves the result. */
function finish(exitCode) {
  let { result, status = exitCode } = outcome(exitCode);
  let text, lost;
  try {
    ({ text, lost } = toJson(result));
  } catch (error) {
    const wrong = new BotError(`main returned something that cannot be written as JSON: ${error.message}`);
    log(describe(wrong));
    [text, status] = [JSON.stringify(errorResult(wrong)), 1];
  }
  process.exitCode = status;
  if (lost) log("Warning: the result holds NaN or Infinity, which JSON does not have: written as null");
  saveResult(resultFile, text, { failed: status !== 0, log });
}

function outcome(exitCode) {
  if (failure) return { result: errorResult(failure.error), status: exitCode || 1 };
  if (stoppedBy && [0, 128 + os.constants.signals[stoppedBy]].includes(exitCode)) {
    return { result: { status: "terminated", message: `Stopped by ${stoppedBy}` } };
  }
  if (exitCode !== 0) {
    const message = `The bot ended with process exit code ${exitCode}`;
    return { result: { status: "error", message, error_type: "Exit" } };
  }
  if (settled && returned !== undefined && returned !== null) return { result: returned };
  if (!settled && drained) {
    const wrong = new BotError("main never finished: it waits for something that can no longer happen");
    log(describe(wrong));
    return { result: errorResult(wrong), status: 1 };
  }
  return { result: { status: "success", message: "The bot ended without a return value" } };
}

function errorResult(error) {
  const isError = error instanceof Error;
  const message = isError ? `${error.name}: ${error.message}` : inspect(error);
  return {
    status: "error",
    message: (error instanceof BotError ? error.message : message).slice(0, TEXT_LIMIT),
    error_type: isError ? error.name : typeof error,
    ...(error instanceof BotError ? {} : { traceback: describe(error).slice(0, TEXT_LIMIT) }),
  };
}
