import assert from "node:assert/strict";
import type { CommandOutcome } from "../../../../lib/engine/container_orchestrator.ts";
import { CommandWatch, describeFailure } from "../../../../services/health/command_watch.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const WELL: CommandOutcome = { end: "exited", exitCode: 0, output: "" };
const BAD: CommandOutcome = { end: "exited", exitCode: 2, output: "first\nno connection" };
const AWAY = "away";

/** Runs a command that gives these outcomes, the last one for ever, and tells what was said, and when. */
function open(outcomes: readonly (CommandOutcome | typeof AWAY)[]) {
  const clock = new FakeClock(0);
  const begin = clock.monotonic();
  const told: string[] = [];
  const ending = new AbortController();
  let runs = 0;
  const watch = new CommandWatch({
    intervalMs: 10_000,
    timeoutMs: 5000,
    limit: 3,
    firstAt: begin + 30_000,
    run: () => {
      const outcome = outcomes[Math.min(runs++, outcomes.length - 1)]!;
      return outcome === AWAY ? Promise.reject(new Error("the engine is away")) : Promise.resolve(outcome);
    },
    onUnhealthy: (why) => told.push(`${clock.monotonic() - begin}: ${why}`),
    onHealthy: () => told.push("well"),
    clock,
  });
  const running = watch.run(ending.signal);
  const end = async () => {
    ending.abort();
    await running;
  };
  return { clock, told, watch, runs: () => runs, [Symbol.asyncDispose]: end };
}

Deno.test("CommandWatch tells once, after as many failures in a row as the limit", async () => {
  await using one = open([BAD, BAD, WELL, BAD, BAD, BAD]);
  await one.clock.advance(200_000);
  assert.deepEqual(one.told, [
    "well",
    "80000: its command failed 3 times in a row: exit code 2; last line: no connection",
  ]);
});

Deno.test("CommandWatch does not count what is not the bot's fault", async () => {
  await using one = open([BAD, BAD, AWAY]);
  await one.clock.advance(300_000);
  assert.deepEqual(one.told, []);
});

Deno.test("CommandWatch runs nothing in a paused container, nor within the grace period unless the bot is ready", async () => {
  await using one = open([WELL]);
  await one.clock.advance(29_999);
  assert.equal(one.runs(), 0);
  one.watch.setPaused(true);
  await one.clock.advance(60_000);
  assert.equal(one.runs(), 0);
  one.watch.setPaused(false);
  await one.clock.advance(0);
  assert.equal(one.runs(), 1);

  await using ready = open([WELL]);
  await ready.clock.advance(1000);
  ready.watch.endGrace();
  await ready.clock.advance(10_000);
  assert.equal(ready.runs(), 1);
});

Deno.test("describeFailure() says how a command failed", () => {
  const told = (outcome: CommandOutcome) => describeFailure(outcome, 1, 5000);
  assert.equal(told({ end: "timed-out", output: "" }), "its command failed: it took longer than 5 s");
  assert.equal(
    told({ end: "flooded", output: "yes\nyes" }),
    "its command failed: it printed more than 64 KiB",
  );
  assert.equal(
    told({ ...BAD, output: "\x1b[31mred\x1b[0m\t\u202ex" }),
    "its command failed: exit code 2; last line: red x",
  );
});
