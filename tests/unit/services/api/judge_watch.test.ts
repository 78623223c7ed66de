import assert from "node:assert/strict";
import { judgeWatch, type WatchedBot } from "../../../../services/api/judge_watch.ts";
import type { BotCondition } from "../../../../services/bots/bot_condition.ts";

const FROM = Date.parse("2026-01-31T12:00:00Z");
const WATCH = { from: "2026-01-31T12:00:00Z", until: "2026-01-31T12:10:00Z" };

function botOf(condition: BotCondition, more: Partial<WatchedBot> = {}): WatchedBot {
  return { condition, conditionSince: new Date(FROM + 1000), isCurrent: true, ...more };
}

function backingOff(nextAttempt: number): BotCondition {
  return { type: "backing-off", until: new Date(FROM), nextAttempt, exitCode: 1 };
}

function judge(bot: WatchedBot | undefined, seconds: number): string {
  return judgeWatch(bot, WATCH, FROM + seconds * 1000).type;
}

Deno.test("judgeWatch() waits for three ends in a row of the version that is watched", () => {
  assert.equal(judge(undefined, 5), "wait");
  assert.equal(judge(botOf(backingOff(2)), 5), "wait");
  assert.equal(judge(botOf(backingOff(3)), 5), "wait");
  const verdict = judgeWatch(botOf(backingOff(4)), WATCH, FROM + 5000);
  assert.match(
    JSON.stringify(verdict),
    /"broken","reason":"it ended 3 times in a row: backing off .*exit code 1/,
  );
  assert.equal(judge(botOf(backingOff(9), { isCurrent: false }), 5), "wait");
});

Deno.test("judgeWatch() gives a start that fails fifteen seconds, from the beginning of the watch", () => {
  for (
    const condition of [
      { type: "failed", message: "no such script" },
      { type: "invalid", reason: "runtime", stillRunning: true },
      { type: "image-missing", message: "no image" },
    ] as const
  ) {
    assert.equal(judge(botOf(condition), 15), "wait");
    assert.equal(judge(botOf(condition), 16), "broken");
    assert.equal(judge(botOf(condition, { conditionSince: new Date(FROM - 60_000) }), 14), "wait");
  }
  // Nothing that the version could do about.
  assert.equal(judge(botOf({ type: "waiting", for: "the engine" }), 300), "wait");
});

Deno.test("judgeWatch() is strict at the end: who is down by then has not done well", () => {
  assert.equal(judge(botOf({ type: "running" }), 599), "wait");
  assert.equal(judge(botOf({ type: "running" }), 600), "well");
  assert.equal(judge(botOf({ type: "disabled" }), 600), "well");
  assert.equal(judge(botOf(backingOff(2)), 600), "broken");
  assert.equal(judge(undefined, 600), "well");
});
