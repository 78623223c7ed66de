"use strict";
/* One bot from its order to its end. */
const fs = require("node:fs");
const os = require("node:os");
const process = require("node:process");
const { Berth, Refused } = require("./berth_client.cjs");
const { BotUser, exitCode, kill, runCommand } = require("./bot_process.cjs");
const { Cache } = require("./cache.cjs");
const { now, sleep } = require("./clock.cjs");
const { finish } = require("./end.cjs");
const { Fence } = require("./fence.cjs");
const { prepare } = require("./prepare.cjs");
const { Renewer } = require("./renewer.cjs");
const { State } = require("./state.cjs");
const { outOfMemoryKills } = require("./usage.cjs");
const { say } = require("./words.cjs");

const FENCED = 75, FAILED = 70, TERM = 128 + os.constants.signals.SIGTERM;
/** Time until a supervisor that gets no order gives up. */
const BEGIN_PATIENCE_MS = 60_000;
/** Time that Berth gets to say why it stops the bot. */
const REASON_PATIENCE_MS = 2000;
/** A machine that was asleep must not run the bot for long when it wakes up. */
const LOOK_EVERY_MS = 1000;
const MEASURE_EVERY_MS = 60_000;

class Session {
  constructor() {
    const { env } = process;
    const urls = env.BERTH_URLS.split(/[\s,]+/).filter(Boolean).map((url) => url.replace(/\/$/, ""));
    this.berth = new Berth(urls, fs.readFileSync(env.BERTH_BOOTSTRAP_FILE, "utf8").trim(), env.BERTH_CA_FILE);
    this.who = { task: env.BERTH_TASK, node: env.BERTH_NODE || os.hostname(), nonce: this.berth.nonce };
    this.cacheRoot = env.BERTH_CACHE || "/berth-cache";
    this.folder = process.cwd(); // the image's own
    this.inherited = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("BERTH_")));
    this.stop = undefined; // { cause, killAt }
    this.isAsked = this.isKilled = this.isEnding = false;
    for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => this.onSignal());
  }

  async run() {
    try {
      const order = this.order = await this.begin();
      this.folder = order.workingDir ?? this.folder;
      this.oomBefore = outOfMemoryKills();
      if (this.isAsked) return await this.end("stopped", TERM);
      this.user = new BotUser({ ...order.user, pids: order.pids, fileBytes: order.state.maxBytes });
      this.fence.guard();
      const { berth, fence, who } = this;
      this.renewer = new Renewer({
        berth,
        fence,
        who,
        take: (request) => this.answer(request),
        look: () => this.look(),
      });
      this.renewer.run();
      this.cache = new Cache(this.cacheRoot, who.task, order.cacheBytes);
      if (order.state.folder) {
        this.state = new State(order.state, this.cacheRoot, berth, this.user);
      }
      this.measuredAt = this.storedAt = now();
      this.watch();
      const origin = await prepare(this);
      if (!this.isEnding) this.start(origin);
    } catch (error) {
      say(error.message);
      await this.end("failed", FAILED, error.message);
    }
  }

  /** Takes the order up; ends this process if it cannot be had. */
  async begin() {
    const until = now() + BEGIN_PATIENCE_MS;
    while (true) {
      const askedAt = now();
      try {
        const order = await this.berth.call(
          "POST",
          "/supervisor/v1/begin",
          this.who,
          10_000,
          this.berth.bootstrap,
        );
        this.berth.token = order.token;
        this.fence = new Fence(order.lease, askedAt - order.lease.ageMs);
        return order;
      } catch (error) {
        const isFinal = error instanceof Refused && [401, 409, 410].includes(error.status);
        if (isFinal) this.leave(FENCED, `Berth has no work for this container: ${error.message}`);
        if (now() > until || this.isAsked) {
          this.leave(FAILED, `no order could be had from Berth: ${error.message}`);
        }
      }
      await sleep(1000);
    }
  }

  start(origin) {
    const { order, renewer } = this;
    if (origin) {
      renewer.report({ state: origin });
      this.tell(origin);
    }
    const env = { ...this.inherited, ...order.env };
    this.bot = this.user.start(order.command, {
      env,
      cwd: this.folder,
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.bot.on("error", (error) => {
      say(`cannot start ${order.command[0]}: ${error.message}`);
      this.end("failed", FAILED, error.message);
    });
    this.bot.on("exit", (code, signal) => this.onExit(exitCode(code, signal)));
    renewer.report({ startedAt: now() });
  }

  /** Says how old a state is that another node wrote: what was written since is lost. */
  tell({ from }) {
    const { snapshot, last, restore } = this.order.state;
    if (from === "restored") {
      const minutes = Math.max(0, Math.round(snapshot.ageMs / 60_000));
      const age = minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
      const lost = last && !restore ? `; what was written on node ${last.node} since is not there` : "";
      say(`state restored from snapshot ${snapshot.name}, made ${age} ago${lost}`);
    } else if (from === "empty" && last && !restore) {
      say(
        `there is no snapshot of the state, which is on node ${last.node}: the bot begins with an empty one`,
      );
    }
  }

  /** Looks at the clock until the end. */
  async watch() {
    while (!this.isEnding) {
      await sleep(this.patience());
      this.look();
      if (this.isEnding) return;
      this.cache.alive();
      if (!this.state || !this.bot) continue;
      if (now() - this.measuredAt > MEASURE_EVERY_MS) this.measureState();
      if (now() - this.storedAt > this.order.state.everyMs) this.storeState();
    }
  }

  /** Time until there is something to look at, in ms. */
  patience() {
    const due = Math.min(this.stop?.killAt ?? this.fence.stopAt(), this.fence.killAt());
    return Math.min(LOOK_EVERY_MS, Math.max(10, due - now()));
  }

  /** Compares the time with what it allows. */
  look() {
    if (this.isEnding) return;
    const at = now(), { fence } = this;
    if (!fence.isGuarded) {
      say("the watchdog has ended; the bot ends, too");
      return void this.endFenced();
    }
    if (fence.isOver || at >= fence.killAt()) return void this.endFenced();
    if (!this.stop && at >= fence.stopAt()) {
      const reason = "Berth did not renew the lease in time: another copy may be started";
      say(`${reason}; stopping the bot`);
      this.beginStop("fenced", reason, fence.killAt());
    }
    if (this.stop && at >= this.stop.killAt && !this.isKilled) {
      this.isKilled = true;
      this.user.killAll();
    }
  }

  async onSignal() {
    if (this.isAsked || this.stop) return;
    this.isAsked = true;
    if (!this.fence) return;
    if (!this.bot) return await this.end("stopped", TERM);
    const { graceMs } = this.order;
    this.stop = { cause: "stopped", killAt: now() + REASON_PATIENCE_MS + graceMs };
    const { reason } = await this.berth.call("POST", "/supervisor/v1/stopping", {}, REASON_PATIENCE_MS)
      .catch(() => ({ reason: "" }));
    // The time of the bot's own stop begins with its signal, which comes after the reason.
    this.beginStop("stopped", reason, now() + graceMs);
  }

  beginStop(cause, reason, killAt) {
    this.stop = { cause, killAt };
    if (!this.bot) return void this.end(cause, cause === "fenced" ? FENCED : TERM);
    try {
      fs.writeFileSync(this.order.stopReasonFile, reason);
    } catch (error) {
      say(`the reason of the stop is not told: ${error.message}`);
    }
    if (this.bot.exitCode === null && this.bot.signalCode === null) kill(this.bot.pid, "SIGTERM");
  }

  async onExit(code) {
    await this.user.killAll();
    const cause = this.stop?.cause ?? "exited";
    await this.end(cause, cause === "fenced" ? FENCED : code);
  }

  async answer(request) {
    // Told, whatever it is, so that nobody waits for an answer.
    const answer = await this.do(request).catch((error) => ({ end: "failed", output: error.message }));
    this.renewer.answer({ id: request.id, ...answer });
  }

  async do(request) {
    if (request.kind === "snapshot") {
      if (!this.state) throw new Error("the bot keeps no state");
      return { end: "done", output: await this.state.snapshot("request", true) };
    }
    if (!this.bot) return { end: "failed", output: "the bot does not run yet" };
    const env = { ...this.inherited, ...this.order.env };
    return await runCommand(this.user, request, env, this.folder);
  }

  async measureState() {
    this.measuredAt = now();
    const size = await this.state.size(), limit = this.order.state.maxBytes;
    if (size <= limit || this.stop || this.isEnding) return;
    const message = `its state has ${size >> 20} MB, more than the ${limit >> 20} MB that it may have`;
    say(`${message}; stopping the bot`);
    this.beginStop("stopped", message, now() + this.order.graceMs);
  }

  storeState() {
    this.storedAt = now();
    this.state.snapshot("interval", true)
      .catch((error) => say(`no snapshot of the state was stored: ${error.message}`));
  }

  async endFenced() {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.bot) await this.user.killAll();
    this.leave(FENCED, "the lease is over; the bot was ended");
  }

  /** Nothing of the bot lives any more. */
  async end(cause, code, message) {
    if (this.isEnding) return;
    this.isEnding = true;
    const isOutOfMemory = outOfMemoryKills() > this.oomBefore;
    const facts = { cause, exitCode: code, isKilled: this.isKilled, isOutOfMemory };
    await finish(this, { ...facts, ...(message && { message: message.slice(0, 4000) }) });
    this.leave(code);
  }

  leave(code, text) {
    if (text) say(text);
    this.cache?.release();
    process.exit(code);
  }
}

module.exports = { Session };
