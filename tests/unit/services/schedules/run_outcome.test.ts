import assert from "node:assert/strict";
import type { CollectedRun } from "../../../../lib/runner/runner.ts";
import { runOutcome } from "../../../../services/schedules/run_outcome.ts";
import type { RunRecord } from "../../../../services/schedules/run_repository.ts";

const record = { slot: 1_700_000_000, attempt: 0 } as unknown as RunRecord;
const at = new Date(1_700_000_000_000);

function outcome(collected: Partial<CollectedRun>, attempt = 1) {
  const whole = { exitCode: 0, startedAt: at, finishedAt: at, result: { key: "k" }, ...collected };
  return runOutcome({ record, attempt, collected: whole, wasStopped: false, retries: 0 });
}

Deno.test("runOutcome() says why a run that ended well left no result", () => {
  assert.deepEqual([outcome({}).state, outcome({}).reason, outcome({}).result], ["succeeded", "", "k"]);
  const result = { problem: "invalid-json", message: "Its result.json is not JSON: …" } as const;
  const { state, reason, resultStatus } = outcome({ result });
  assert.deepEqual([state, reason, resultStatus], [
    "succeeded",
    "it left no usable result: Its result.json is not JSON: …",
    "invalid-json",
  ]);
  assert.equal(
    outcome({ result }, 2).reason,
    "succeeded at attempt 2; it left no usable result: Its result.json is not JSON: …",
  );
});

Deno.test("runOutcome() fails a run that was stopped for what it wrote, whatever its exit code", () => {
  const message = "It wrote 300 MB to disk and may write 256 MB.";
  assert.deepEqual([outcome({ message }).state, outcome({ message }).reason], ["failed", message]);
});

Deno.test("runOutcome() fails a run whose program was never started", () => {
  const message = "It ended, exit code unknown: No such image: x.";
  const whole = { startedAt: at, finishedAt: at, result: { problem: "missing" }, message } as const;
  const { state, reason, exitCode } = runOutcome({
    record,
    attempt: 1,
    collected: whole,
    wasStopped: false,
    retries: 0,
  });
  assert.deepEqual([state, reason, exitCode], ["failed", message, undefined]);
});
