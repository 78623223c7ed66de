import assert from "node:assert/strict";
import type { CommandOutcome } from "../../../../lib/engine/container_orchestrator.ts";
import { CommandWatch, describeFailure } from "../../../../services/health/command_watch.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const WELL: CommandOutcome = { end: "exited", exitCode: 0, output: "" };
const BAD: CommandOutcome = { end: "exited", exitCode: 2, output: "first\nno connection" };
const SLOW: CommandOutcome = { end: "timed-out", output: "" };
const AWAY = "away";

/** Runs a command that gives these outcomes, the last one forever, and tells what was said, and when. */
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
      return outcome === AWAY ? Promise.reject(new Error("the engine is down")) : Promise.resolve(outcome);
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

Deno.test("CommandWatch runs a command again at once whose time-out would make the bot unhealthy", async () => {
  const cases:
    readonly (readonly [outcomes: Parameters<typeof open>[0], told: readonly string[], runs: number])[] = [
      // Berth or the engine stood still during the third.
      [[BAD, BAD, SLOW, WELL], ["well"], 4],
      [[SLOW, SLOW, SLOW, AWAY], [], 4],
      [[BAD, BAD, SLOW, SLOW], ["50000: its command failed 3 times in a row: it took longer than 5 s"], 4],
      [
        [BAD, BAD, BAD],
        ["50000: its command failed 3 times in a row: exit code 2; last line: no connection"],
        3,
      ],
    ];
  for (const [outcomes, told, runs] of cases) {
    await using one = open(outcomes);
    await one.clock.advance(50_000);
    assert.deepEqual([one.told, one.runs()], [told, runs]);
  }
});

Deno.test("CommandWatch does not count a command during which the container was paused", async () => {
  const clock = new FakeClock(0);
  const ending = new AbortController();
  const told: string[] = [];
  let end = (_outcome: CommandOutcome) => {};
  const watch = new CommandWatch({
    intervalMs: 10_000,
    timeoutMs: 5000,
    limit: 1,
    firstAt: 0,
    run: () => new Promise((resolve) => end = resolve),
    onUnhealthy: (why) => told.push(why),
    onHealthy: () => told.push("well"),
    clock,
  });
  const running = watch.run(ending.signal);
  await clock.advance(0);
  watch.setPaused(true);
  watch.setPaused(false);
  end(BAD);
  await clock.advance(9000);
  assert.deepEqual(told, []);
  await clock.advance(1000);
  end(BAD);
  await clock.advance(0);
  assert.equal(told.length, 1);
  ending.abort();
  await running;
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
