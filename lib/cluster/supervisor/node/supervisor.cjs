"use strict";
/*
 * Runs a bot in a container of a cluster: fetches its work from Berth, and ends it when its lease cannot be renewed.
 *
 * It runs as root beside the bot, which runs as a user of its own. Its only token is in this process: nothing that the
 * bot may read or inherit has it. With an argument it is a helper that runs as the bot's user.
 *
 * Needs Node.js 20, or Deno 2, and nothing but its own modules.
 */
const process = require("node:process");

if (process.argv.length > 2) require("./helper.cjs").help(process.argv.slice(2));
else new (require("./session.cjs").Session)().run();
