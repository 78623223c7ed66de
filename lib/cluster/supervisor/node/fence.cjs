"use strict";
/* Knows until when the bot may live, and has a watchdog end it then if nobody else does. */
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const process = require("node:process");
const { now } = require("./clock.cjs");

/** In memory, so that no disk delays a write. */
const FOLDER = "/dev/shm/berth-supervisor";
/** The supervisor is to end the bot before the watchdog ends both, in ms. */
const EARLY_MS = 200;

/** A renewal counts from the moment before it was asked for. */
class Fence {
  constructor({ renewEveryMs, stopAfterMs, killAfterMs, isStrict }, confirmedAt) {
    Object.assign(this, { renewEveryMs, stopAfterMs, killAfterMs, isStrict, confirmedAt });
    /** Berth has said so. */
    this.isOver = false;
    this.isGuarded = true;
    this.file = undefined;
  }

  /** Starts the watchdog. */
  guard() {
    if (!this.isStrict) return;
    fs.mkdirSync(FOLDER, { mode: 0o700, recursive: true });
    this.file = fs.openSync(`${FOLDER}/deadline`, "w", 0o600);
    this.write();
    const script = path.join(__dirname, "supervisor.sh");
    const watchdog = spawn("/bin/sh", [script, "watch", `${FOLDER}/deadline`], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
      detached: true,
    });
    const end = () => this.isGuarded = false;
    watchdog.on("exit", end);
    watchdog.on("error", end);
  }

  /** Counts a renewal; one that was asked for too long ago changes nothing: the watchdog may be at work already. */
  confirm(askedAt) {
    if (askedAt <= this.confirmedAt || (this.isStrict && now() >= this.killAt())) return;
    this.confirmedAt = askedAt;
    this.write();
  }

  /** Writes in place: that needs no memory, which the bot may have used up. All times have one length. */
  write() {
    if (this.file === undefined) return;
    const text = String(Math.floor((this.confirmedAt + this.killAfterMs) / 10)).padStart(13);
    fs.writeSync(this.file, `${text} ${text}\n`, 0);
  }

  /** Whether the lease is held, and for some time: renewals work, or work again. */
  isRenewed() {
    return !this.isOver && now() < this.stopAt();
  }

  stopAt() {
    return this.isStrict ? this.confirmedAt + this.stopAfterMs : Infinity;
  }

  killAt() {
    return this.isStrict ? this.confirmedAt + this.killAfterMs - EARLY_MS : Infinity;
  }
}

module.exports = { Fence };
