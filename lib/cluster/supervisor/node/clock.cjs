"use strict";
/* The time since the start of the machine, which also passes while the machine sleeps and never jumps. */
const fs = require("node:fs");

/** The time in ms. */
function now() {
  return Math.round(parseFloat(fs.readFileSync("/proc/uptime", "utf8")) * 1000);
}

/** Names this start of the machine: times of another one say nothing here. */
function bootId() {
  return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

module.exports = { bootId, now, sleep };
