import assert from "node:assert/strict";
import { BerthError } from "../../../../lib/errors.ts";
import type { KeptExit } from "../../../../services/bots/exit_history.ts";
import { RecentExits } from "../../../../services/bots/recent_exits.ts";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const kept = (containerId: string, at: number, reason = "exit code 1"): KeptExit => ({
  containerId,
  at: new Date(at).toISOString(),
  startedAt: new Date(at - 1000).toISOString(),
  attempt: 1,
  reason,
});

function exited(state: ServiceState, id: string, containerId: string, at: number): void {
  const exit = { exitCode: 1 };
  state.report({
    type: "exited",
    id,
    containerId,
    attempt: 1,
    at: new Date(at),
    startedAt: new Date(at - 1),
    exit,
  });
}

Deno.test("ends of the last hour are counted once, those before this process too", async () => {
  const clock = new FakeClock();
  const state = new ServiceState({ clock });
  const now = clock.now();
  const earlier = new Map([["a", [
    kept("c3", now - 1000),
    kept("c2", now - 2000, "stopped: disabled"),
    kept("c1", now - 2 * 3_600_000),
  ]]]);
  const recent = new RecentExits({ readAll: () => Promise.resolve(earlier) }, clock);
  recent.watch(state);
  exited(state, "a", "c4", now);
  // Reported again, as the container is still there.
  exited(state, "a", "c3", now);
  exited(state, "b", "d1", now);
  assert.deepEqual(Object.fromEntries(await recent.count()), { a: 2, b: 1 });
  await clock.advance(3_600_001);
  assert.deepEqual(Object.fromEntries(await recent.count()), {});
});

Deno.test("earlier ends are read again after the database did not answer", async () => {
  const clock = new FakeClock();
  let tries = 0;
  const readAll = () => {
    if (tries++ === 0) return Promise.reject(new BerthError("store/unavailable", "The database is down"));
    return Promise.resolve(new Map([["a", [kept("c1", clock.now())]]]));
  };
  const recent = new RecentExits({ readAll }, clock);
  await assert.rejects(() => recent.count(), BerthError);
  assert.equal((await recent.count()).get("a"), 1);
});
