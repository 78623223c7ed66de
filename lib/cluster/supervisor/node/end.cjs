"use strict";
/* The steps after the end of a bot: it stores the state and the result, and reports the end. */
const { Buffer } = require("node:buffer");
const { Unreachable, bytesOf } = require("./berth_client.cjs");
const { now, sleep } = require("./clock.cjs");
const { factsOf } = require("./state.cjs");
const { say } = require("./words.cjs");

/** How long Berth gets to take what there is. */
const PATIENCE_MS = 20_000;

/** Tells Berth, as far as it can be reached. Never throws: the container ends all the same. */
async function finish(session, facts) {
  if (facts.cause === "fenced" && !session.fence.isRenewed()) return;
  if (session.bot && session.state) {
    facts.isStateStored = await attempt(() => session.state.snapshot("stop", false));
  }
  if (session.bot) await attempt(() => sendResult(session));
  await attempt(() => session.berth.call("POST", "/supervisor/v1/end", facts));
}

/** Returns whether it is done. */
async function attempt(work) {
  const until = now() + PATIENCE_MS;
  while (true) {
    try {
      await work();
      return true;
    } catch (error) {
      const isAway = error instanceof Unreachable;
      if (!isAway || now() > until) {
        say(isAway ? `Berth does not know of the end: ${error.message}` : error.message);
        return false;
      }
      await sleep(1000);
    }
  }
}

/** The secrets go before it, so that Berth can hide them in it. */
async function sendResult({ order: { result, secrets }, user, berth }) {
  const helper = user.helper(["read", result.path, String(result.maxBytes)], ["ignore", "pipe", "pipe"]);
  const told = factsOf(helper).then(() => true, () => false);
  const content = await bytesOf(helper.stdout, result.maxBytes);
  // There is none, or none that can be used: Berth finds that out by itself.
  if (!await told) return;
  const values = Object.values(secrets?.values ?? {});
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(values)}\n`), content]);
  await berth.open("PUT", "/supervisor/v1/result", { body, limitMs: 120_000 }, async () => {});
}

module.exports = { finish };
