import assert from "node:assert/strict";
import { backtestOutcome } from "../../../../services/backtests/backtest_plan.ts";

Deno.test("backtestOutcome() fails a backtest whose program was never started", () => {
  const at = new Date(1_700_000_000_000);
  const message = "It ended, exit code unknown: No such image: x.";
  const collected = { startedAt: at, finishedAt: at, result: { problem: "missing" }, message } as const;
  const { state, reason, exitCode } = backtestOutcome({}, collected, "ended");
  assert.deepEqual([state, reason, exitCode], ["failed", message, undefined]);
  const cancelled = backtestOutcome({ cancelledBy: "a person" }, collected, "stopped");
  assert.deepEqual([cancelled.state, cancelled.reason], [
    "cancelled",
    "cancelled by a person; exit code unknown",
  ]);
});
