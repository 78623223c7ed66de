import assert from "node:assert/strict";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

Deno.test("ServiceState gives and takes copies: nobody changes what others see", () => {
  const state = new ServiceState();
  const until = new Date(5000);
  const condition = { type: "backing-off" as const, until, nextAttempt: 2 };
  state.setRunningBot({ id: "a", condition });
  until.setTime(1);
  const first = state.getRunningBot("a")!;
  assert.deepEqual(first.condition, { type: "backing-off", until: new Date(5000), nextAttempt: 2 });
  (first.condition as { until: Date }).until.setTime(2);
  (state.getAllRunningBots()[0]!.condition as { until: Date }).until.setTime(3);
  first.conditionSince.setTime(4);
  assert.deepEqual(state.getRunningBot("a")!.condition, {
    type: "backing-off",
    until: new Date(5000),
    nextAttempt: 2,
  });
  assert.notEqual(state.getRunningBot("a")!.conditionSince.getTime(), 4);
});

Deno.test("ServiceState.setRunningBot() replaces what was told, and keeps since when the condition is so", async () => {
  const clock = new FakeClock(1000);
  const state = new ServiceState({ clock });
  state.setRunningBot({ id: "a", containerId: "c1", specHash: "h1", condition: { type: "running" } });
  await clock.advance(10);
  state.setRunningBot({ id: "a", condition: { type: "running" } });
  assert.deepEqual(state.getRunningBot("a"), {
    id: "a",
    condition: { type: "running" },
    conditionSince: new Date(1000),
    updatedAt: new Date(1010),
  });
  state.setRunningBot({ id: "a", condition: { type: "disabled" } });
  assert.deepEqual(state.getRunningBot("a")!.conditionSince, new Date(1010));
});

Deno.test("ServiceState.getAllRunningBots() gives all in the order of their ids, without those removed", () => {
  const state = new ServiceState();
  for (const id of ["b", "c", "a"]) state.setRunningBot({ id, condition: { type: "running" } });
  assert.equal(state.removeRunningBot("c"), true);
  assert.equal(state.removeRunningBot("c"), false);
  assert.deepEqual(state.getAllRunningBots().map(({ id }) => id), ["a", "b"]);
  assert.equal(state.getRunningBot("c"), undefined);
});

Deno.test("ServiceState.getMetrics() counts", () => {
  let queueDepth = 3;
  const state = new ServiceState({ queueDepth: () => queueDepth });
  assert.deepEqual(state.getMetrics(), {
    reconciles: { count: 0, lastMs: 0, totalMs: 0 },
    activeContainers: 0,
    starts: 0,
    failedStarts: 0,
    restarts: 0,
    stops: 0,
    queueDepth: 3,
  });
  queueDepth = 4;
  state.setRunningBot({ id: "a", containerId: "c1", condition: { type: "running" } });
  state.setRunningBot({
    id: "b",
    containerId: "c2",
    condition: { type: "invalid", reason: "x", stillRunning: true },
  });
  state.setRunningBot({ id: "c", condition: { type: "starting", attempt: 1 } });
  state.countReconcile(20);
  state.countReconcile(5);
  const started = { type: "started", id: "a", containerId: "c1", at: new Date(0) } as const;
  state.report({ ...started, attempt: 1 });
  state.report({ ...started, attempt: 2 });
  state.countFailedStart();
  const exit = { startedAt: new Date(0), exit: { exitCode: 0 } };
  state.report({ ...started, ...exit, type: "stopped", why: "disabled", attempt: 1 });
  state.report({ ...started, ...exit, type: "exited", attempt: 2 });
  state.setEventLag(12);
  const metrics = state.getMetrics();
  assert.deepEqual(metrics, {
    reconciles: { count: 2, lastMs: 5, totalMs: 25 },
    activeContainers: 2,
    starts: 2,
    failedStarts: 1,
    restarts: 1,
    stops: 1,
    queueDepth: 4,
    eventLagMs: 12,
  });
  state.countReconcile(1);
  assert.equal(metrics.reconciles.count, 2);
});

Deno.test("ServiceState.subscribe() tells of changes, of nothing that is told again, and of the end", () => {
  const state = new ServiceState();
  const heard: string[] = [];
  const stop = state.subscribe((id, bot) => heard.push(`${id} ${bot?.condition.type} ${bot?.containerId}`));
  const until = () => new Date(5000);
  state.setRunningBot({ id: "a", condition: { type: "starting", attempt: 1 } });
  state.setRunningBot({ id: "a", condition: { type: "starting", attempt: 1 } });
  state.setRunningBot({ id: "a", condition: { type: "running" }, containerId: "c1" });
  state.setRunningBot({ id: "a", condition: { type: "running" }, containerId: "c2" });
  state.setRunningBot({ id: "a", condition: { type: "backing-off", until: until(), nextAttempt: 2 } });
  state.setRunningBot({ id: "a", condition: { type: "backing-off", until: until(), nextAttempt: 2 } });
  state.removeRunningBot("a");
  state.removeRunningBot("a");
  stop();
  state.setRunningBot({ id: "b", condition: { type: "disabled" } });
  assert.deepEqual(heard, [
    "a starting undefined",
    "a running c1",
    "a running c2",
    "a backing-off undefined",
    "a undefined undefined",
  ]);
});
