import assert from "node:assert/strict";
import type { SwarmNode, SwarmService, SwarmTask } from "../../../../../lib/engine/swarm/swarm_answers.ts";
import { SwarmPoller, type TaskChange } from "../../../../../lib/engine/swarm/swarm_poller.ts";
import type { ServiceRef } from "../../../../../lib/engine/swarm/swarm_services.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { pause, until } from "../../../../support/until.ts";

/** A Swarm whose tasks and nodes a test sets. */
class FakeSwarm {
  tasks: SwarmTask[] = [];
  nodeState = "ready";
  lists = 0;
  readonly asked: string[] = [];

  readonly services = {
    tasks: (filters: Readonly<Record<string, readonly string[]>>) => {
      const desired = filters["desired-state"]![0]!;
      this.asked.push(desired);
      return Promise.resolve(this.tasks.filter(({ DesiredState }) => DesiredState === desired));
    },
    tasksOf: (services: readonly ServiceRef[]) => {
      this.asked.push("named");
      return Promise.resolve(
        this.tasks.filter(({ ServiceID }) => services.some(({ id }) => id === ServiceID)),
      );
    },
    list: () => {
      this.lists++;
      return Promise.resolve(this.tasks.map(({ ServiceID }) => ({ ID: ServiceID }) as SwarmService));
    },
    nodes: () => Promise.resolve([{ ID: "n1", Status: { State: this.nodeState } } as SwarmNode]),
  };

  set(serviceId: string, state: string, desired: string): void {
    this.tasks = this.tasks.filter(({ ServiceID }) => ServiceID !== serviceId);
    this.tasks.push({
      ID: `task-${serviceId}`,
      CreatedAt: "2026-01-31T10:00:00Z",
      ServiceID: serviceId,
      NodeID: "n1",
      DesiredState: desired,
      Status: { Timestamp: "2026-01-31T10:00:00Z", State: state },
    });
  }
}

async function withPoller(
  body: (
    swarm: FakeSwarm,
    poller: SwarmPoller,
    changes: TaskChange[],
    look: () => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const swarm = new FakeSwarm();
  const clock = new FakeClock();
  const poller = new SwarmPoller({ services: swarm.services, labels: { a: "b" }, clock });
  const changes: TaskChange[] = [];
  const stop = poller.listen((change) => changes.push(change));
  const look = async () => {
    const before = swarm.asked.filter((desired) => desired === "shutdown").length;
    await until("a look", async () => {
      await clock.advance(1000);
      return swarm.asked.filter((desired) => desired === "shutdown").length > before;
    });
    await pause(0, "its answers are used within this turn");
  };
  try {
    await body(swarm, poller, changes, look);
  } finally {
    stop();
  }
}

Deno.test("SwarmPoller waits for the start of a task, and no longer than it looks", async () => {
  await withPoller(async (swarm, poller, _changes, look) => {
    const started: string[] = [];
    for (const id of ["a", "b"]) {
      swarm.set(id, "starting", "running");
      poller.expectStart({ id, name: id });
      poller.untilStarted(id, { limitMs: 3_600_000, pendingLimitMs: 3_600_000 }).then(() => started.push(id));
    }
    await look();
    assert.deepEqual(started, []);
    swarm.set("a", "running", "running");
    await look();
    await until("the start of one", () => started.length > 0);
    assert.deepEqual(started, ["a"]);
    assert.ok(!swarm.asked.includes("running"), "it asks only for those whose start is expected");
    poller.close();
    await until("the end of the other wait", () => started.length === 2);
  });
});

Deno.test("SwarmPoller waits longer for a task that a node starts than for one that waits for a node", async () => {
  await withPoller(async (swarm, poller, _changes, look) => {
    const over: string[] = [];
    for (const [id, state] of [["begun", "starting"], ["waits", "pending"]] as const) {
      swarm.set(id, state, "running");
      poller.expectStart({ id, name: id });
      const limits = { limitMs: 20_500, pendingLimitMs: 5_500 };
      poller.untilStarted(id, limits).then(() => over.push(id));
    }
    for (let seconds = 0; over.length === 0; seconds++) {
      assert.ok(seconds < 10, "the one that waits gives up");
      await look();
    }
    assert.deepEqual(over, ["waits"]);
    for (let seconds = 0; seconds < 8; seconds++) await look();
    assert.deepEqual(over, ["waits"]);
    for (let seconds = 0; over.length < 2; seconds++) {
      assert.ok(seconds < 15, "the other one gives up, too");
      await look();
    }
  });
});

Deno.test("SwarmPoller tells once that a task has ended, and asks for nothing that runs", async () => {
  await withPoller(async (swarm, _poller, changes, look) => {
    swarm.set("a", "running", "running");
    await look();
    assert.deepEqual(changes, []);
    swarm.set("a", "failed", "shutdown");
    await look();
    await look();
    assert.deepEqual(changes, [{ serviceId: "a", action: "die", hasEnded: true }]);
    assert.deepEqual(new Set(swarm.asked), new Set(["shutdown"]));
  });
});

Deno.test("SwarmPoller tells that a node is lost, and that it is back", async () => {
  await withPoller(async (swarm, _poller, changes, look) => {
    swarm.nodeState = "down";
    swarm.set("a", "running", "shutdown");
    await look();
    assert.deepEqual(changes, [{ serviceId: "a", action: "die", hasEnded: false }]);
    swarm.nodeState = "ready";
    await look();
    assert.equal(changes.length, 2);
    swarm.set("a", "shutdown", "shutdown");
    await look();
    assert.deepEqual(changes.at(-1), { serviceId: "a", action: "die", hasEnded: true });
  });
});

Deno.test("SwarmPoller waits for a task that is to run, and forgets one whose service is gone", async () => {
  await withPoller(async (swarm, poller, changes, look) => {
    poller.expectStart({ id: "a", name: "a" });
    poller.expectStart({ id: "gone", name: "gone" });
    swarm.set("a", "preparing", "running");
    await look();
    assert.deepEqual(changes, []);
    swarm.set("a", "running", "running");
    await look();
    assert.deepEqual(changes, [{ serviceId: "a", action: "run", hasEnded: false }]);
    for (let looks = 0; looks < 12; looks++) await look();
    swarm.asked.length = 0;
    await look();
    assert.deepEqual(new Set(swarm.asked), new Set(["shutdown"]));
  });
});

Deno.test("SwarmPoller tells that a service is gone whose end is expected, and lists none otherwise", async () => {
  await withPoller(async (swarm, poller, changes, look) => {
    swarm.set("a", "running", "running");
    for (let looks = 0; looks < 35; looks++) await look();
    assert.equal(swarm.lists, 0);
    const [forget, forgetAgain] = [poller.expectEnd("a"), poller.expectEnd("a")];
    forget();
    for (let looks = 0; looks < 35; looks++) await look();
    assert.deepEqual([swarm.lists, changes], [1, []]);
    swarm.tasks = [];
    for (let looks = 0; looks < 35; looks++) await look();
    assert.deepEqual(changes, [{ serviceId: "a", action: "die", hasEnded: true }]);
    forgetAgain();
    const { lists } = swarm;
    for (let looks = 0; looks < 35; looks++) await look();
    assert.equal(swarm.lists, lists);
  });
});
