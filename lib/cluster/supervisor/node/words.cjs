"use strict";
/* The messages that the supervisor writes into the bot's log. */
const fs = require("node:fs");

/** Not by process.stderr, which would change the stream that the bot shares. */
function say(text) {
  try {
    fs.writeSync(2, `berth: ${text}\n`);
  } catch {
    // Nobody reads it.
  }
}

module.exports = { say };
