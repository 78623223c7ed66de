import assert from "node:assert/strict";
import type { LeftoverKind, RemoveOrphansOptions } from "../../../lib/runner/runner.ts";
import type { ServiceName } from "../../../services/config.ts";
import { orphanRemovers } from "../../../services/orphan_removers.ts";

const { signal } = new AbortController();
const BOTH: readonly ServiceName[] = ["bots", "schedules"];

function make(services: readonly ServiceName[], led: readonly ServiceName[]) {
  const asked: (readonly LeftoverKind[] | undefined)[] = [];
  const failures: Error[] = [];
  const runner = {
    removeOrphans({ kinds }: RemoveOrphansOptions = {}) {
      asked.push(kinds);
      const failure = failures.pop();
      return failure ? Promise.reject(failure) : Promise.resolve([]);
    },
  };
  return { removers: orphanRemovers(services, runner, (name) => led.includes(name)), asked, failures };
}

Deno.test("orphanRemovers() leaves alone what a Berth that leads the other service may be starting", async () => {
  for (const [name, kinds] of [["bots", ["bot", "backtest"]], ["schedules", ["run"]]] as const) {
    const { removers, asked } = make(BOTH, [name]);
    await removers[name](signal);
    assert.deepEqual(asked, [kinds]);
  }
});

Deno.test("orphanRemovers() removes leftovers of builds where one process leads all services", async () => {
  const { removers, asked } = make(BOTH, BOTH);
  await removers.bots(signal);
  await removers.schedules(signal);
  assert.deepEqual(asked, [["bot", "backtest", "build"], ["run", "build"]]);
  const half = make(["bots"], ["bots"]);
  await half.removers.bots(signal);
  assert.deepEqual(half.asked, [["bot", "backtest"]]);
});

Deno.test("orphanRemovers() removes once for all callers, and again after a failure", async () => {
  const { removers, asked, failures } = make(BOTH, ["bots"]);
  failures.push(new Error("the engine is away"));
  await assert.rejects(removers.bots(signal), /the engine is away/);
  await Promise.all([removers.bots(signal), removers.bots(signal)]);
  assert.equal(asked.length, 2);
});
