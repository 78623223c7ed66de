"use strict";
/* Processes that run as the bot's user. */
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const process = require("node:process");
const { sleep } = require("./clock.cjs");

/** The kernel is to end the bot's processes, not the supervisor. */
const OOM_SCORE = "500";
/** Time limit of a process that only ends others, in ms. */
const AT_ONCE_MS = 1000;
/** Units of `ulimit -f` in a POSIX shell, in bytes. */
const BLOCK_BYTES = 512;
const LIMITS = `
[ -z "$1" ] || ulimit -f "$1"
[ -z "$2" ] || ulimit -u "$2" 2>/dev/null || ulimit -p "$2"
shift 2
umask 022
exec "$@"
`;

/** Starts processes as the bot's user. None of them can get back any privilege. */
class BotUser {
  constructor({ uid, gid, pids, fileBytes }) {
    if (uid === 0 || gid === 0) {
      throw new Error("a bot does not run as root beside its supervisor: set BOT_USER or BOT_UID_RANGE");
    }
    Object.assign(this, { uid, gid });
    const blocks = fileBytes === undefined ? "" : String(Math.ceil(fileBytes / BLOCK_BYTES));
    const processes = pids === undefined ? "" : String(pids);
    const run = [...noNewPrivileges(), "/bin/sh", "-c", LIMITS, "berth"];
    this.limited = [...run, blocks, processes];
    // An interpreter may keep what it has compiled, which no limit of the bot's files is meant for.
    this.unlimited = [...run, "", processes];
  }

  start(command, options, prefix = this.limited) {
    const [program, ...rest] = [...prefix, ...command];
    const child = spawn(program, rest, { ...options, uid: this.uid, gid: this.gid });
    try {
      if (child.pid) fs.writeFileSync(`/proc/${child.pid}/oom_score_adj`, OOM_SCORE);
    } catch {
      // It has ended already.
    }
    return child;
  }

  /** Starts this program as a helper, which can read and write what the bot can. */
  helper(args, stdio) {
    const file = path.join(__dirname, "supervisor.cjs");
    const run = "Deno" in globalThis ? ["run", "--quiet", "--allow-all", "--no-prompt", file] : [file];
    const env = {
      PATH: process.env.PATH,
      HOME: "/tmp",
      DENO_DIR: "/tmp/.deno-berth",
      DENO_NO_UPDATE_CHECK: "1",
    };
    return this.start([process.execPath, ...run, ...args], { stdio, env, cwd: "/" }, this.unlimited);
  }

  /** Ends all processes of the user in this container. */
  async killAll() {
    while (true) {
      await this.killAtOnce();
      const found = processIds().filter((pid) => ownerOf(pid) === this.uid);
      if (found.length === 0) return;
      for (const pid of found) kill(pid, "SIGKILL");
      await sleep(10);
    }
  }

  /** Lets the kernel end all that this user may end, so that none of them can start another one meanwhile. */
  killAtOnce() {
    return new Promise((resolve) => {
      const { uid, gid } = this;
      const killer = spawn("/bin/sh", ["-c", "kill -9 -1"], { uid, gid, stdio: "ignore", cwd: "/", env: {} });
      // The bot may hold it up: it is a process of the same user.
      const timer = setTimeout(() => killer.kill("SIGKILL"), AT_ONCE_MS);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      // If there is no room for a process, they are ended one by one.
      killer.on("error", end);
      killer.on("close", end);
    });
  }
}

/** How to start a program that cannot gain privileges, where the engine has not seen to it. */
function noNewPrivileges() {
  if (/^NoNewPrivs:\s*1/m.test(fs.readFileSync("/proc/self/status", "utf8"))) return [];
  if (spawnSync("setpriv", ["--nnp", "true"], { stdio: "ignore" }).status === 0) return ["setpriv", "--nnp"];
  // Without the program, nothing may be left that gives privileges.
  const script =
    "find / -xdev -type f -perm -4000 -exec chmod u-s {} + ; find / -xdev -type f -perm -2000 -exec chmod g-s {} +";
  const { status } = spawnSync("/bin/sh", ["-c", script], { stdio: "ignore" });
  if (status === 0) return [];
  throw new Error(
    "this image has no setpriv, without which a bot could become root: install util-linux in it",
  );
}

function processIds() {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The user of a process that runs; undefined for one that has ended. */
function ownerOf(pid) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    if (/^State:\s*[ZX]/m.test(status)) return undefined;
    return Number(/^Uid:\s*(\d+)/m.exec(status)?.[1]);
  } catch {
    return undefined;
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** 128 + n for signal n. */
function exitCode(code, signal) {
  return code ?? 128 + os.constants.signals[signal];
}

/** Runs a command of Berth's, for example a health check. It and all that it starts end with its time. */
function runCommand(user, { command, env, timeoutMs, maxOutputBytes }, botEnv, cwd) {
  return new Promise((resolve) => {
    const child = user.start(command, {
      env: { ...botEnv, ...env },
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "", room = maxOutputBytes, isOver = false;
    const finish = (end, code) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (child.pid) kill(-child.pid, "SIGKILL");
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ end, output, ...(end === "exited" && { exitCode: code }) });
    };
    const timer = setTimeout(() => finish("timed-out"), timeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk.subarray(0, room).toString();
        room -= Math.min(room, chunk.length);
        if (chunk.length > 0 && room === 0) finish("flooded");
      });
    }
    child.on("error", (error) => {
      output += error.message;
      finish("exited", 127);
    });
    child.on("close", (code, signal) => finish("exited", exitCode(code, signal)));
  });
}

module.exports = { BotUser, exitCode, kill, runCommand };
