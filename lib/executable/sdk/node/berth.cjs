"use strict";
/*
 * The Berth SDK for bots: they report to Berth and ask it for things. Berth makes this package visible to every Node.js
 * bot, as /node_modules/berth; a package of that name in the bot's own node_modules takes its place. Outside Berth the
 * same functions print a readable form.
 *
 *   const berth = require("berth");      // or: import berth from "berth";
 *
 *   module.exports = async function main(id, config) {
 *     const key = berth.secret("API_KEY");
 *     while (!berth.stopRequested) {
 *       berth.metric("price", { symbol: "BTC-USD", value: await ask(key) });
 *       berth.heartbeat();
 *       await berth.sleep(5000);
 *     }
 *   };
 *
 * It needs Node.js 20 (or Deno 2) and nothing but its own modules. berth.d.ts describes each function.
 */
const fs = require("node:fs");
const path = require("node:path");
const process = require("node:process");

const SECRETS = "/run/secrets";
/** Lines that are fewer milliseconds apart than this say nothing more. */
const HEARTBEAT_MS = 1000;
const LEVELS = { warning: "warn", critical: "error", fatal: "error" };

const { env } = process;
/** Set by the wrapper, in the bot's own process: its getter `signal` tells it that the bot ends by itself. */
const wrapper = globalThis[Symbol.for("berth.wrapper")];
const isInBerth = env.CODE_MOUNT_DIR !== undefined;

let beat; // when the last heartbeat was printed
let said; // the status that was printed last
let config; // once it is asked for
let controller; // where there is no wrapper, once the bot looks at `signal`

class SecretError extends Error {
  name = "SecretError";
}

function metric(name, fields = {}) {
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      `the name of a metric must be a string that is not empty, not ${String(name).slice(0, 60)}`,
    );
  }
  const isObject = typeof fields === "object" && fields !== null;
  print({ _metric: name }, isObject ? fields : { value: fields }, (rest) => `${name} ${rest}`);
}

function heartbeat() {
  const now = performance.now();
  if (beat !== undefined && now - beat < HEARTBEAT_MS) return;
  beat = now;
  print({ _heartbeat: true }, {}, () => "heartbeat");
}

function ready() {
  print({ _heartbeat: "READY=1" }, {}, () => "ready");
}

function status(text) {
  const line = String(text).trim().replace(/\s+/g, " ");
  if (line === said) return;
  said = line;
  print({ _heartbeat: `STATUS=${line}` }, {}, () => `status: ${line}`);
}

function log(level, message, fields = {}) {
  const lower = String(level).toLowerCase();
  const head = { level: LEVELS[lower] ?? lower, message: String(message) };
  print(head, fields, (rest) => `${head.level.toUpperCase().padEnd(5)} ${head.message} ${rest}`);
}

function result(value = null) {
  if (!isInBerth) return write(toJson(value, 2));
  const file = path.join(env.CODE_MOUNT_DIR, "result.json");
  const part = `${file}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  fs.writeFileSync(part, toJson(value));
  fs.renameSync(part, file);
}

function secret(name, fallback) {
  if (typeof name !== "string" || !/^\w[\w.-]*$/.test(name)) {
    throw new SecretError(
      `'${String(name).slice(0, 60)}' cannot be the name of a secret: use letters, digits, '_', '-' and '.'`,
    );
  }
  const mounted = `${SECRETS}/${name}`;
  const file = fs.lstatSync(mounted, { throwIfNoEntry: false }) ? mounted : env[`${name}_FILE`];
  if (file) return readSecret(name, file);
  if (env[name]) return env[name];
  if (fallback !== undefined) return fallback;
  const empty = env[name] === "" ? `${name} is empty` : `neither ${name}_FILE nor ${name} is set`;
  throw new SecretError(
    `There is no secret '${name}': ${mounted} does not exist, and ${empty}. Name it under 'secrets' in bot-config.yaml`,
  );
}

function readSecret(name, file) {
  let value;
  try {
    value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : error.message;
    throw new SecretError(`Cannot read the secret '${name}' from ${file}: ${why}`);
  }
  value = value.replace(/\r?\n$/, "");
  if (value === "") throw new SecretError(`The secret '${name}' is empty: see ${file}`);
  return value;
}

function sleep(ms) {
  const { signal } = module.exports;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(signal.aborted);
    };
    const timer = setTimeout(done, signal.aborted ? 0 : ms);
    signal.addEventListener("abort", done);
  });
}

/**
 * The signal of a process or a worker thread that no wrapper runs. The first SIGTERM or SIGINT of the process aborts it, a
 * second one ends the process as ever; a worker thread hears of the stop from the wrapper.
 */
function ownSignal() {
  if (controller) return controller.signal;
  controller = new AbortController();
  const abort = (name) => controller.abort(new DOMException(`Stopped by ${name}`, "AbortError"));
  const { BroadcastChannel, isMainThread } = require("node:worker_threads");
  if (isMainThread) {
    for (const name of ["SIGTERM", "SIGINT"]) process.once(name, () => abort(name));
  } else {
    const channel = new BroadcastChannel("berth.stop");
    channel.onmessage = ({ data }) => abort(data);
    channel.unref();
  }
  return controller.signal;
}

function readConfig() {
  let { CONFIG_FILE: file, CONFIG: text } = env;
  if (file === undefined && text === undefined) {
    file = "config.json";
    if (!fs.existsSync(file)) return {};
  }
  if (file !== undefined && (text === undefined || fs.existsSync(file))) {
    text = fs.readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  }
  try {
    return JSON.parse(text);
  } catch { // its message quotes the configuration
    throw new SyntaxError(`The configuration (${file ?? "CONFIG"}) is not valid JSON`);
  }
}

function print(head, fields, readable) {
  if (isInBerth) return write(toJson({ ...head, ...fields, ...head }));
  const plain = JSON.parse(toJson({ ...fields }));
  const rest = Object.entries(plain)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  write(readable(rest.join(" ")).trimEnd());
}

/** One write a line, so that lines of several sources do not mix. */
function write(line) {
  process.stdout.write(`${line}\n`);
}

/** JSON always: NaN and the infinities are null, a BigInt a string, a Map an object, a Set an array. */
function toJson(value, indent) {
  return JSON.stringify(value, plain, indent) ?? "null";
}

function plain(_key, value) {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set || ArrayBuffer.isView(value)) return Array.from(value);
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}

module.exports = {
  SecretError,
  heartbeat,
  log,
  metric,
  ready,
  result,
  secret,
  sleep,
  status,
  get config() {
    return config ??= readConfig();
  },
  get id() {
    return env.ID || "local";
  },
  get signal() {
    return wrapper?.signal ?? ownSignal();
  },
  get stateDir() {
    const folder = path.resolve(env.STATE_DIR || "state");
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  },
  get stopRequested() {
    return module.exports.signal.aborted;
  },
};
