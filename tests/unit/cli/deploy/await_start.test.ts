import assert from "node:assert/strict";
import { awaitStart, type StartOutcome } from "../../../../cli/deploy/await_start.ts";
import type { DeploymentProgress } from "../../../../services/contract/code.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const at = (state: string, more: Partial<DeploymentProgress> = {}) =>
  ({ state, condition: state, isCurrent: true, containerId: "a", ...more }) as DeploymentProgress;

/** Looks at conditions, one for each 200 ms; the last one stays. */
async function outcomeOf(
  conditions: readonly (DeploymentProgress | undefined)[],
  limitMs = 600_000,
): Promise<[StartOutcome, number]> {
  const clock = new FakeClock();
  const left = [...conditions];
  const waiting = awaitStart({
    look: () => Promise.resolve(left.length > 1 ? left.shift() : left[0]),
    stayMs: 3000,
    limitMs,
    signal: new AbortController().signal,
    clock,
  });
  let outcome: StartOutcome | undefined;
  void waiting.then((ended) => outcome = ended);
  while (!outcome) await clock.advance(200);
  return [outcome, clock.monotonic()];
}

Deno.test("awaitStart() waits until the deployed code has stayed up for a while", async () => {
  const before = at("running", { isCurrent: false });
  const [outcome, ms] = await outcomeOf([
    before,
    before,
    at("stopping", { isCurrent: false }),
    at("starting"),
    at("running"),
  ]);
  assert.deepEqual(outcome, { outcome: "running" });
  assert.ok(ms >= 3800 && ms <= 4200, `${ms}`);
});

Deno.test("awaitStart() begins anew with another container", async () => {
  const runs = Array.from({ length: 10 }, () => at("running"));
  const [outcome, ms] = await outcomeOf([...runs, at("running", { containerId: "b" })]);
  assert.equal(outcome.outcome, "running");
  assert.ok(ms >= 5000, `${ms}`);
});

Deno.test("awaitStart() tells at once why the deployed code ended", async () => {
  const ended = at("backing-off", { condition: "exit code 1" });
  const [outcome, ms] = await outcomeOf([at("starting"), at("running"), at("running"), ended]);
  assert.deepEqual(outcome, { outcome: "failed", state: "backing-off", condition: "exit code 1" });
  assert.ok(ms <= 1000, `${ms}`);
});

Deno.test("awaitStart() does not blame the deployed code for what was there before", async () => {
  const crashed = at("backing-off", { isCurrent: false });
  assert.equal((await outcomeOf([crashed, crashed, at("starting"), at("running")]))[0].outcome, "running");
  // A busy service sees it late.
  const long = Array.from({ length: 50 }, () => crashed);
  assert.equal((await outcomeOf([...long, at("starting"), at("running")]))[0].outcome, "running");
  const [waiting, ms] = await outcomeOf([crashed]);
  assert.equal(waiting.outcome, "waiting");
  assert.ok(ms >= 15_000 && ms < 16_000, `${ms}`);
  const missing = at("image-missing", { isCurrent: false, condition: "no image" });
  assert.deepEqual((await outcomeOf([crashed, missing]))[0], {
    outcome: "failed",
    state: "image-missing",
    condition: "no image",
  });
});

Deno.test("awaitStart() gives up a start that takes too long, and a bot that nobody looks after", async () => {
  assert.deepEqual((await outcomeOf([at("starting")], 10_000))[0].outcome, "waiting");
  const [outcome, ms] = await outcomeOf([undefined]);
  assert.deepEqual(outcome.outcome, "waiting");
  assert.ok(ms > 10_000 && ms < 20_000, `${ms}`);
});

Deno.test("awaitStart() takes a good end of the deployed code for success, and not that of the code before", async () => {
  const before = at("completed", { isCurrent: false });
  const [outcome, ms] = await outcomeOf([before, at("starting"), at("running"), at("completed")]);
  assert.deepEqual(outcome, { outcome: "completed" });
  assert.ok(ms <= 1000, `${ms}`);
  assert.equal((await outcomeOf([before]))[0].outcome, "waiting");
});
