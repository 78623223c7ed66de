import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import type { FailedStart } from "../../../../services/bots/restart_policy.ts";
import type { DesiredState } from "../../../../services/bots/desired_state.ts";
import { type Action, plan } from "../../../../services/bots/plan.ts";
import { managedContainer } from "../../../support/builders/managed_container.ts";

const NOW = Date.parse("2025-01-01T12:00:00Z");
const RUN: DesiredState = { kind: "run", specHash: "new" };

function container(values: Partial<ManagedContainer> = {}): ManagedContainer {
  return managedContainer(NOW, values);
}

/** A container that ran for that long and exited that long ago. */
function exited(agoMs: number, ranForMs: number, values: Partial<ManagedContainer> = {}): ManagedContainer {
  return container({
    phase: "exited",
    exitCode: 1,
    startedAt: new Date(NOW - agoMs - ranForMs),
    finishedAt: new Date(NOW - agoMs),
    ...values,
  });
}

function failed(agoMs: number, values: Partial<FailedStart> = {}): FailedStart {
  const condition = { type: "image-missing", message: "pull it" } as const;
  return { specHash: "new", attempt: 1, failedAt: new Date(NOW - agoMs), condition, ...values };
}

/** Actions as short texts. */
function actionsOf(
  desired: DesiredState,
  containers: ManagedContainer[],
  failedStart?: FailedStart,
): string[] {
  const { actions } = plan(desired, { containers, ...(failedStart && { failedStart }) }, NOW);
  return actions.map((action: Action) => {
    if (action.type === "start") return `start ${action.attempt}`;
    return action.type === "stop"
      ? `stop ${action.containerId}: ${action.reason}`
      : `remove ${action.containerId}`;
  });
}

Deno.test("plan() starts a bot that has no container", () => {
  assert.deepEqual(plan(RUN, { containers: [] }, NOW), {
    actions: [{ type: "start", attempt: 1 }],
    condition: { type: "starting", attempt: 1 },
    settled: { type: "running" },
  });
});

Deno.test("plan() keeps what runs with the same hash, and has no reason to look again", () => {
  const running = container();
  assert.deepEqual(plan(RUN, { containers: [running] }, NOW), {
    actions: [],
    condition: { type: "running" },
    settled: { type: "running" },
    keeps: running,
  });
});

Deno.test("plan() stops what runs with another hash, and looks again at once before it starts anything", () => {
  for (const phase of ["running", "starting", "pending"] as const) {
    const other = container({ specHash: "old", phase, createdAt: new Date(NOW - 1000) });
    assert.deepEqual(plan(RUN, { containers: [other] }, NOW), {
      actions: [{ type: "stop", containerId: "c1", reason: "replaced" }],
      condition: { type: "stopping", reason: "replaced" },
      settled: { type: "starting", attempt: 1 },
      againInMs: 0,
    });
  }
});

Deno.test("plan() stops or removes everything of a bot that is disabled or has no document", () => {
  const containers = [
    container({ containerId: "running" }),
    container({ containerId: "starting", phase: "starting" }),
    container({ containerId: "pending", phase: "pending" }),
    exited(1000, 1000, { containerId: "exited" }),
  ];
  const sorted = (desired: DesiredState) => actionsOf(desired, containers).sort();
  assert.deepEqual(sorted({ kind: "disabled" }), [
    "remove exited",
    "remove pending",
    "stop running: disabled",
    "stop starting: disabled",
  ]);
  assert.deepEqual(sorted(undefined).slice(2), ["stop running: no document", "stop starting: no document"]);
});

Deno.test("plan() has a condition of a disabled bot, and nothing to say of one without document and container", () => {
  const disabled = plan({ kind: "disabled" }, { containers: [] }, NOW);
  assert.deepEqual(disabled, { actions: [], condition: { type: "disabled" }, settled: { type: "disabled" } });
  const none = plan(undefined, { containers: [] }, NOW);
  assert.deepEqual([none.actions, none.condition, none.settled], [[], undefined, undefined]);
  const stopping = plan(undefined, { containers: [container()] }, NOW);
  assert.deepEqual(stopping.condition, { type: "stopping", reason: "no document" });
  assert.equal(stopping.settled, undefined);
});

Deno.test("plan() leaves what there is as it is when the document is invalid", () => {
  const invalid: DesiredState = { kind: "invalid", reason: "no custom" };
  const running = container({ specHash: "old" });
  const kept = plan(invalid, { containers: [running] }, NOW);
  assert.deepEqual(kept.actions, []);
  assert.deepEqual(kept.condition, { type: "invalid", reason: "no custom", stillRunning: true });
  assert.equal(kept.keeps, running);
  const crashed = plan(invalid, { containers: [exited(60_000, 0)] }, NOW);
  assert.deepEqual(crashed.actions, []);
  assert.deepEqual(crashed.condition, { type: "invalid", reason: "no custom", stillRunning: false });
});

Deno.test("plan() leaves what there is as it is while it is held, and says nothing of a bot that has nothing", () => {
  const held: DesiredState = { kind: "held", reason: "gone" };
  for (const one of [container(), exited(60_000, 0)]) {
    const { actions, condition } = plan(held, { containers: [one] }, NOW);
    assert.deepEqual([actions, condition], [[], { type: "held", reason: "gone" }]);
  }
  assert.equal(plan(held, { containers: [] }, NOW).condition, undefined);
});

Deno.test("plan() keeps an exited container until its backoff is over, then removes it and starts the next", () => {
  const waiting = plan(RUN, { containers: [exited(3000, 50, { attempt: 3 })] }, NOW);
  assert.deepEqual(waiting, {
    actions: [],
    condition: { type: "backing-off", until: new Date(NOW + 1000), exitCode: 1, nextAttempt: 4 },
    settled: waiting.condition,
    againInMs: 1000,
  });
  assert.deepEqual(actionsOf(RUN, [exited(4000, 50, { attempt: 3 })]), ["remove c1", "start 4"]);
});

Deno.test("plan() removes at once what wrote too much to disk, and starts the next after its backoff", () => {
  const diskUse = { bytes: 300, layerBytes: 0, limitBytes: 200 };
  const [over, crashed] = [exited(200, 60_000, { diskUse }), exited(200, 60_000)];
  assert.deepEqual(actionsOf(RUN, [over]), [`remove ${over.containerId}`]);
  assert.deepEqual(actionsOf(RUN, [crashed]), []);
  const { condition, againInMs } = plan(RUN, { containers: [over] }, NOW);
  assert.deepEqual([condition?.type, againInMs], ["failed", 800]);
  assert.deepEqual(actionsOf(RUN, [exited(2000, 60_000, { diskUse })]).at(-1), "start 2");
});

Deno.test("plan() starts a bot whose main returned again, by the same policy", () => {
  const { condition } = plan(RUN, { containers: [exited(400, 50, { exitCode: 0 })] }, NOW);
  assert.deepEqual(condition, {
    type: "backing-off",
    until: new Date(NOW + 600),
    exitCode: 0,
    nextAttempt: 2,
  });
});

Deno.test("plan() goes back to 1 s after ten minutes of health", () => {
  assert.deepEqual(actionsOf(RUN, [exited(1000, 10 * 60_000, { attempt: 9 })]), ["remove c1", "start 2"]);
  assert.deepEqual(actionsOf(RUN, [exited(1000, 10 * 60_000 - 1, { attempt: 9 })]), []);
});

Deno.test("plan() starts a changed document at once, as the first in a row, whatever the old one did", () => {
  assert.deepEqual(actionsOf(RUN, [exited(10, 0, { specHash: "old", attempt: 9 })]), [
    "remove c1",
    "start 1",
  ]);
  assert.deepEqual(actionsOf(RUN, [], failed(10, { specHash: "old", attempt: 9 })), ["start 1"]);
});

Deno.test("plan() takes an exit of unknown times for one at its creation", () => {
  const crashed = container({ phase: "exited", attempt: 7, createdAt: new Date(NOW - 63_000) });
  assert.equal(plan(RUN, { containers: [crashed] }, NOW).againInMs, 1000);
});

Deno.test("plan() lets a failed start count, shows why it failed, and says when it is tried again", () => {
  const waiting = plan(RUN, { containers: [], failedStart: failed(3000, { attempt: 3 }) }, NOW);
  assert.deepEqual(waiting.condition, {
    type: "image-missing",
    message: "pull it",
    until: new Date(NOW + 1000),
  });
  assert.deepEqual([waiting.actions, waiting.againInMs], [[], 1000]);
  assert.deepEqual(actionsOf(RUN, [], failed(4000, { attempt: 3 })), ["start 4"]);
});

Deno.test("plan() tries a start that waits for a server every 5 s, and does not count it", () => {
  const condition = { type: "waiting", for: "the object store" } as const;
  const early = plan(RUN, { containers: [], failedStart: failed(4000, { attempt: 6, condition }) }, NOW);
  assert.deepEqual(early.condition, { ...condition, until: new Date(NOW + 1000) });
  assert.deepEqual(actionsOf(RUN, [], failed(5000, { attempt: 6, condition })), ["start 6"]);
});

Deno.test("plan() goes by the later of a crash and a failed start", () => {
  const crash = exited(30_000, 0, { attempt: 3 });
  assert.deepEqual(actionsOf(RUN, [crash], failed(7000, { attempt: 4 })), []);
  assert.deepEqual(actionsOf(RUN, [crash], failed(8000, { attempt: 4 })), ["remove c1", "start 5"]);
  assert.deepEqual(actionsOf(RUN, [exited(4000, 0, { attempt: 3 })], failed(60_000, { attempt: 2 })), [
    "remove c1",
    "start 4",
  ]);
});

Deno.test("plan() waits for a container that is being started", () => {
  const starting = container({ phase: "starting", attempt: 2, createdAt: new Date(NOW - 3_600_000) });
  assert.deepEqual(plan(RUN, { containers: [starting] }, NOW), {
    actions: [],
    condition: { type: "starting", attempt: 2 },
    settled: { type: "starting", attempt: 2 },
    keeps: starting,
    againInMs: 5000,
  });
  const pending = container({ phase: "pending", createdAt: new Date(NOW - 9_600) });
  assert.equal(plan(RUN, { containers: [pending] }, NOW).againInMs, 400);
});

Deno.test("plan() says why a cluster does not place a container, and keeps it", () => {
  const starting = container({ phase: "starting", reason: "no suitable node (1 node not available)" });
  const { actions, condition, keeps } = plan(RUN, { containers: [starting] }, NOW);
  assert.deepEqual([actions, keeps], [[], starting]);
  assert.deepEqual(condition, {
    type: "waiting",
    for: "a node that can run it: no suitable node (1 node not available)",
  });
});

Deno.test("plan() replaces a container that was created and not started for ten seconds", () => {
  const pending = container({ phase: "pending", attempt: 2, createdAt: new Date(NOW - 10_000) });
  assert.deepEqual(actionsOf(RUN, [pending]), ["remove c1", "start 3"]);
  const other = container({ phase: "pending", specHash: "old", createdAt: new Date(NOW - 10_000) });
  assert.deepEqual(actionsOf(RUN, [other]), ["remove c1", "start 1"]);
});

Deno.test("plan() starts nothing beside a container whose host is lost, and cannot stop it either", () => {
  const lost = container({ phase: "lost", reason: "node down" });
  for (const desired of [RUN, { kind: "disabled" }, undefined] as const) {
    const { actions, condition } = plan(desired, { containers: [lost] }, NOW);
    assert.deepEqual(actions, []);
    assert.deepEqual(condition, {
      type: "waiting",
      for: "the host of its container to come back: node down",
    });
  }
});

Deno.test("plan() keeps the newest that runs as wanted, and ends every other", () => {
  const at = (agoMs: number) => ({ createdAt: new Date(NOW - agoMs) });
  const containers = [
    container({ containerId: "older", ...at(3000) }),
    container({ containerId: "newest", ...at(2000) }),
    container({ containerId: "pending", phase: "pending", ...at(1000) }),
    container({ containerId: "other", specHash: "old", ...at(500) }),
    exited(0, 0, { containerId: "exited" }),
  ];
  const { keeps } = plan(RUN, { containers }, NOW);
  assert.equal(keeps?.containerId, "newest");
  assert.deepEqual(actionsOf(RUN, containers).sort(), [
    "remove exited",
    "stop older: duplicate",
    "stop other: replaced",
    "stop pending: duplicate",
  ]);
  assert.deepEqual(actionsOf(RUN, containers.toReversed()), actionsOf(RUN, containers));
});

Deno.test("plan() leaves containers of other kinds alone", () => {
  const backtest = container({ kind: "backtest" });
  assert.deepEqual(actionsOf(undefined, [backtest]), []);
  assert.deepEqual(actionsOf(RUN, [backtest]), ["start 1"]);
});

Deno.test("plan() keeps a container that somebody has paused, and says so", () => {
  const paused = container({ isPaused: true });
  const { actions, condition, settled } = plan(RUN, { containers: [paused] }, NOW);
  assert.deepEqual([actions, condition, settled], [[], { type: "paused" }, { type: "paused" }]);
});

Deno.test("plan() says that a bot ran out of memory, and how much it had", () => {
  const memoryBytes = 64 * 1024 ** 2;
  const { condition } = plan(RUN, {
    containers: [exited(0, 1000, { exitCode: 137, oomKilled: true, memoryBytes })],
  }, NOW);
  assert.deepEqual(condition, {
    type: "backing-off",
    until: new Date(NOW + 1000),
    exitCode: 137,
    oomKilled: true,
    memoryBytes,
    nextAttempt: 2,
  });
});

Deno.test("plan() never touches a container of another store, and starts nothing under its name", () => {
  const foreign = { ...container(), store: "other", isForeign: true } as const;
  const desires: DesiredState[] = [{ kind: "run", specHash: "h" }, undefined, { kind: "disabled" }];
  for (const desired of desires) {
    const { actions, condition, settled } = plan(desired, { containers: [foreign] }, 0);
    assert.deepEqual(actions, []);
    assert.deepEqual(condition, settled);
    assert.equal(condition?.type, desired?.kind === "disabled" ? "disabled" : "blocked");
  }
  const own = { ...container(), containerId: "own" };
  const { actions } = plan({ kind: "disabled" }, { containers: [foreign, own] }, 0);
  assert.deepEqual(actions, [{ type: "stop", containerId: "own", reason: "disabled" }]);
});

Deno.test("plan() stops the container that a restart names, and no later one", () => {
  const restart = { containerId: "c1" };
  assert.deepEqual(plan(RUN, { containers: [container()], restart }, NOW), {
    actions: [{ type: "stop", containerId: "c1", reason: "restart asked for" }],
    condition: { type: "stopping", reason: "restart asked for" },
    settled: { type: "starting", attempt: 1 },
    againInMs: 0,
  });
  const later = container({ containerId: "c2" });
  assert.deepEqual(plan(RUN, { containers: [later], restart }, NOW).actions, []);
  assert.deepEqual(plan(RUN, { containers: [later], restart: {} }, NOW).actions, []);
  const replaced = plan(RUN, { containers: [container({ specHash: "old" })], restart }, NOW);
  assert.deepEqual(replaced.actions, [{ type: "stop", containerId: "c1", reason: "replaced" }]);
});

Deno.test("plan() keeps what a restart names if the bot is not to run, or its start has failed since", () => {
  const containers = [container()];
  const restart = { containerId: "c1" };
  const invalid = { kind: "invalid", reason: "broken" } as const;
  assert.deepEqual(plan(invalid, { containers, restart }, NOW).actions, []);
  const { actions, condition } = plan(RUN, { containers, restart, failedStart: failed(100) }, NOW);
  assert.deepEqual([actions, condition?.type], [[], "image-missing"]);
});

Deno.test("plan() starts a bot at once that waits after an exit, if a restart is asked for", () => {
  const containers = [exited(100, 100, { attempt: 7 })];
  assert.equal(plan(RUN, { containers }, NOW).condition?.type, "backing-off");
  assert.deepEqual(plan(RUN, { containers, restart: {} }, NOW).actions, [
    { type: "remove", containerId: "c1" },
    { type: "start", attempt: 1 },
  ]);
});

const ENDED = new Date(NOW - 1000);

for (
  const [restart, values, expected] of [
    ["always", { exitCode: 0 }, "backing-off"],
    ["always", { exitCode: 1 }, "backing-off"],
    ["on-failure", { exitCode: 0 }, "completed"],
    ["on-failure", { exitCode: 1 }, "backing-off"],
    ["on-failure", { exitCode: 143 }, "backing-off"],
    ["on-failure", { exitCode: 137, oomKilled: true }, "backing-off"],
    ["no", { exitCode: 0 }, "completed"],
    ["no", { exitCode: 1 }, "failed"],
    ["no", { exitCode: 143 }, "failed"],
  ] as const
) {
  Deno.test(`plan() makes of exit code ${values.exitCode} with restart ${restart}: ${expected}`, () => {
    const { condition, actions, againInMs } = plan(
      { ...RUN, restart },
      { containers: [exited(1000, 1_000_000, values), exited(5000, 10, { containerId: "older" })] },
      NOW - 1,
    );
    assert.equal(condition?.type, expected);
    if (expected === "backing-off") assert.deepEqual([actions, againInMs], [[], 1]);
    else {
      // The container of the end stays, forever if nothing changes.
      assert.deepEqual([actions, againInMs], [[{ type: "remove", containerId: "older" }], undefined]);
      assert.deepEqual("endedAt" in condition! && condition.endedAt, ENDED);
    }
  });
}

Deno.test("plan() takes an unknown exit code for a failure, which is not the bot's good end", () => {
  const { exitCode: _, ...unknown } = exited(500, 10);
  assert.equal(
    plan({ ...RUN, restart: "on-failure" }, { containers: [unknown] }, NOW).condition?.type,
    "backing-off",
  );
});

Deno.test("plan() says why a bot with restart no does not run", () => {
  const { condition } = plan(
    { ...RUN, restart: "no" },
    { containers: [exited(1000, 10, { exitCode: 143 })] },
    NOW,
  );
  assert.deepEqual(condition, {
    type: "failed",
    message:
      "it ended with exit code 143 (SIGTERM: something other than Berth stopped it); it is not started again (restart: no)",
    endedAt: ENDED,
  });
});

Deno.test("plan() starts a bot that has completed for a new hash, a restart, and a document that wants it always", () => {
  const done = exited(60_000, 10, { exitCode: 0 });
  const wanted = { ...RUN, restart: "on-failure" } as const;
  const actions = (desired: DesiredState, restart?: Record<string, never>) =>
    plan(desired, { containers: [done], ...(restart && { restart }) }, NOW).actions.map(({ type }) => type);
  assert.deepEqual(actions(wanted), []);
  assert.deepEqual(actions({ ...wanted, specHash: "newer" }), ["remove", "start"]);
  assert.deepEqual(actions(wanted, {}), ["remove", "start"]);
  assert.deepEqual(actions(RUN), ["remove", "start"]);
  // Disabled and enabled again, it starts: nothing is left of its end.
  assert.deepEqual(actions({ kind: "disabled" }), ["remove"]);
});

Deno.test("plan() keeps a bot ended that was stopped for what it wrote, and the container that says so", () => {
  const diskUse = { bytes: 300, layerBytes: 0, limitBytes: 200 };
  const over = exited(200, 60_000, { diskUse, exitCode: 0 });
  const kept = plan({ ...RUN, restart: "no" }, { containers: [over] }, NOW);
  assert.deepEqual([kept.actions, kept.condition?.type], [[], "failed"]);
  assert.deepEqual(
    plan({ ...RUN, restart: "on-failure" }, { containers: [over] }, NOW).actions,
    [{ type: "remove", containerId: "c1" }],
  );
});

Deno.test("plan() repeats a failed start whatever the document says of exits", () => {
  const { condition, againInMs } = plan(
    { ...RUN, restart: "no" },
    { containers: [], failedStart: failed(0) },
    NOW,
  );
  assert.deepEqual([condition?.type, againInMs], ["image-missing", 1000]);
});

Deno.test("plan() looks again at a bot whose host is lost once its copy is certainly gone, and now and then before", () => {
  for (const [goneInMs, againInMs] of [[1234, 1234], [60_000, 5000], [undefined, 5000]] as const) {
    const lost = container({ phase: "lost", ...(goneInMs !== undefined && { goneInMs }) });
    for (const wanted of [RUN, undefined]) {
      const planned = plan(wanted, { containers: [lost] }, NOW);
      assert.deepEqual([planned.actions, planned.againInMs], [[], againInMs]);
    }
  }
});

Deno.test("plan() starts a bot again, at once, whose host is lost and whose copy is certainly gone", () => {
  const lost = container({ phase: "lost", reason: "node down", isGone: true, attempt: 4 });
  const { actions, settled } = plan(RUN, { containers: [lost] }, NOW);
  assert.deepEqual(actions, [
    { type: "remove", containerId: lost.containerId },
    { type: "start", attempt: 1 },
  ]);
  assert.deepEqual(settled, { type: "running" });
  assert.deepEqual(plan(undefined, { containers: [lost] }, NOW).actions, [
    { type: "remove", containerId: lost.containerId },
  ]);
});
