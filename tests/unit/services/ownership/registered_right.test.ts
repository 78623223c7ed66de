import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { InstanceLockedError } from "../../../../lib/runner/instance_lock.ts";
import { CLUSTER_TIMES, HOST_TIMES, type RivalLock } from "../../../../services/ownership/judge_rival.ts";
import { RegisteredRight } from "../../../../services/ownership/registered_right.ts";
import { RivalSightings } from "../../../../services/ownership/rival_sightings.ts";
import type { ServiceRecord } from "../../../../services/ownership/service_registry.ts";
import type { ServedScope } from "../../../../services/ownership/served_scope.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { MemoryServiceRegistry } from "../../../support/memory_service_registry.ts";

/** A process that wants to serve. */
class Service {
  readonly clock: FakeClock;
  readonly right: RegisteredRight;
  readonly fenced: number[] = [];
  readonly #ended = new AbortController();
  isLockHeld = true;
  engineStart = "start";
  lockOfOthers: RivalLock = "held";
  serves = false;
  problem: unknown;
  #keeping: Promise<void> | undefined;

  constructor(
    registry: MemoryServiceRegistry,
    options: {
      instance: string;
      host: string;
      takeOver?: boolean;
      segment?: number;
      now?: number;
      isCluster?: boolean;
    },
  ) {
    const { instance, host, takeOver = false, segment = -1, now = 0, isCluster = false } = options;
    this.clock = new FakeClock(now);
    const scope: ServedScope = { service: "bots", segment, instance };
    const path = `/run/${instance}.lock`;
    this.right = new RegisteredRight({
      scope,
      registry,
      hostId: () => Promise.resolve(host),
      times: isCluster ? CLUSTER_TIMES : HOST_TIMES,
      ...(!isCluster && {
        locks: {
          own: { path, isHeld: () => this.isLockHeld },
          idOf: () => "1:2",
          engineStart: () => this.engineStart,
          lookAt: () => Promise.resolve(this.lockOfOthers),
        },
      }),
      takeOver,
      fence: (other) => Promise.resolve(void this.fenced.push(other.segment)),
      log: getLogger(["berth", "test"]),
      clock: this.clock,
    });
  }

  /** Begins to wait for the right, and to keep it. */
  async begin(): Promise<this> {
    this.right.acquire(this.#ended.signal).then(() => {
      this.serves = true;
      this.#keeping = this.right.keep(this.#ended.signal);
    }, (error) => this.problem = error);
    await settle();
    return this;
  }

  /** Ends as one that is killed. */
  async kill(): Promise<void> {
    this.#ended.abort(new Error("killed"));
    await this.#keeping;
    this.serves = false;
  }
}

/** Lets time pass for all of them, in small steps. */
async function pass(ms: number, ...services: Service[]): Promise<void> {
  for (let at = 0; at < ms; at += 500) for (const { clock } of services) await clock.advance(500);
}

const A = { instance: "a", host: "one" };
const ELSEWHERE = { instance: "a", host: "two" };

async function inTheEnd(services: readonly Service[]): Promise<void> {
  for (const service of services) await service.kill();
}

Deno.test("RegisteredRight: the first serves, the second stands by, and takes over when the first has ended", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const second = await new Service(registry, { ...A, instance: "b" }).begin();
  await pass(10 * 60_000, first, second);
  assert.deepEqual([first.serves, second.serves], [true, false]);
  assert.equal(first.right.whyIdle(), undefined);
  assert.match(second.right.whyIdle()!, /^the right to serve: instance .a. on host one .* serves$/);
  await first.kill();
  await first.right.release({ isLeavingBots: true });
  await pass(1_000, second);
  assert.equal(second.serves, true);
  assert.deepEqual(second.fenced, []);
  await inTheEnd([second]);
});

Deno.test("RegisteredRight: services of different segments serve beside each other, and not beside one of all", async () => {
  const registry = new MemoryServiceRegistry();
  const one = await new Service(registry, { ...A, segment: 1 }).begin();
  const two = await new Service(registry, { instance: "b", host: "two", segment: 2 }).begin();
  const all = await new Service(registry, { instance: "c", host: "one" }).begin();
  await pass(60_000, one, two, all);
  assert.deepEqual([one.serves, two.serves, all.serves], [true, true, false]);
  await inTheEnd([one, two, all]);
});

Deno.test("RegisteredRight: of many that begin at once exactly one serves", async () => {
  const registry = new MemoryServiceRegistry();
  const services = Array.from(
    { length: 8 },
    (_, index) => new Service(registry, { instance: `${index}`, host: `${index}` }),
  );
  await Promise.all(services.map((service) => service.begin()));
  await pass(60_000, ...services);
  assert.equal(services.filter(({ serves }) => serves).length, 1);
  assert.ok(services.every(({ right }) => !right.lost.aborted));
  await inTheEnd(services);
});

Deno.test("RegisteredRight: a service that was killed is followed at once where its lock is free", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const second = await new Service(registry, { ...A, instance: "b" }).begin();
  await first.kill();
  second.lockOfOthers = "free";
  await pass(1_000, second);
  assert.equal(second.serves, true);
  await inTheEnd([second]);
});

for (
  const [lock, ms] of [["missing", 20_000], ["past", 20_000], ["unreachable", HOST_TIMES.silenceMs]] as const
) {
  Deno.test(`RegisteredRight: a service whose lock is ${lock} is followed after ${ms / 1000} s without a heartbeat`, async () => {
    const registry = new MemoryServiceRegistry();
    const first = await new Service(registry, A).begin();
    const second = await new Service(registry, { ...A, instance: "b" }).begin();
    second.lockOfOthers = lock;
    await pass(HOST_TIMES.silenceMs + 60_000, first, second);
    assert.equal(second.serves, false);
    await first.kill();
    await pass(ms - 2_000, second);
    assert.equal(second.serves, false);
    await pass(4_000, second);
    assert.equal(second.serves, true);
    await inTheEnd([second]);
  });
}

Deno.test("RegisteredRight: clocks that are hours apart, or are set, make no service gone", async () => {
  const registry = new MemoryServiceRegistry();
  // Its registration is dated in the year 9999.
  const first = await new Service(registry, { ...A, now: Date.parse("9999-01-01T00:00:00Z") }).begin();
  const second = await new Service(registry, { ...A, instance: "b", now: Date.parse("2026-01-01T00:00:00Z") })
    .begin();
  second.lockOfOthers = "missing";
  for (const shift of [3_600_000, -7_200_000, 86_400_000, -365 * 86_400_000]) {
    await pass(7_000, first, second);
    second.clock.set(second.clock.now() + shift);
    await pass(7_000, first, second);
    first.clock.set(first.clock.now() + shift);
    await pass(7_000, first, second);
    assert.deepEqual([first.serves, second.serves], [true, false]);
    assert.equal(first.right.lost.aborted, false);
    assert.equal(first.right.whyIdle(), undefined);
  }
  await first.kill();
  await pass(22_000, second);
  assert.equal(second.serves, true);
  await inTheEnd([second]);
});

Deno.test("RegisteredRight: a service that stands by and was frozen itself judges by what it sees after that", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const second = await new Service(registry, { ...A, instance: "b" }).begin();
  second.lockOfOthers = "unreachable";
  await pass(3_000, first, second);
  second.clock.freeze(HOST_TIMES.silenceMs + 60_000);
  await pass(HOST_TIMES.silenceMs + 60_000, first);
  await pass(3_000, first, second);
  assert.deepEqual([first.serves, second.serves, first.right.lost.aborted], [true, false, false]);
  await inTheEnd([first, second]);
});

Deno.test("RegisteredRight.whyIdle() fences a service that the database confirms no more, until it does", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  await pass(6_000, first);
  registry.isAway = true;
  await pass(HOST_TIMES.fenceMs - 10_000, first);
  assert.equal(first.right.whyIdle(), undefined);
  await pass(10_000, first);
  assert.match(first.right.whyIdle()!, /confirm that no other service has taken over: it has not for 24\d s/);
  registry.isAway = false;
  await pass(6_000, first);
  assert.equal(first.right.whyIdle(), undefined);
  await inTheEnd([first]);
});

for (const isSuspended of [false, true]) {
  const what = isSuspended ? "suspended with its machine" : "frozen";
  Deno.test(`RegisteredRight.whyIdle() fences a service that was ${what}, until the database confirms its right`, async () => {
    const registry = new MemoryServiceRegistry();
    const first = await new Service(registry, A).begin();
    await pass(7_000, first);
    first.clock.freeze(12_000, { isSuspended });
    // Before any of its timers has run.
    assert.match(first.right.whyIdle()!, /while this one was kept from running/);
    registry.isAway = true;
    await pass(6_000, first);
    assert.match(first.right.whyIdle()!, /while this one was kept from running/);
    registry.isAway = false;
    await pass(6_000, first);
    assert.equal(first.right.whyIdle(), undefined);
    await inTheEnd([first]);
  });
}

Deno.test("RegisteredRight.whyIdle() fences a service whose lock was removed", async () => {
  const first = await new Service(new MemoryServiceRegistry(), A).begin();
  first.isLockHeld = false;
  assert.match(first.right.whyIdle()!, /its lock '\/run\/a.lock' to be taken again/);
  await inTheEnd([first]);
});

Deno.test("RegisteredRight: on another host a service is followed only when an operator says so", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  await pass(3_000, first);
  await first.kill();
  const second = await new Service(registry, ELSEWHERE).begin();
  await pass(60 * 60_000, second);
  assert.equal(second.serves, false);
  const third = await new Service(registry, { ...ELSEWHERE, instance: "c", takeOver: true }).begin();
  await pass(15_000, third);
  assert.equal(third.serves, false, "it might only be slow");
  await pass(7_000, third);
  assert.equal(third.serves, true);
  await inTheEnd([second, third]);
});

Deno.test("RegisteredRight: an operator's word does not take the right from a service that is renewed", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const second = await new Service(registry, { ...ELSEWHERE, takeOver: true }).begin();
  await pass(10 * 60_000, first, second);
  assert.deepEqual([first.serves, second.serves, first.right.lost.aborted], [true, false, false]);
  await inTheEnd([first, second]);
});

Deno.test("RegisteredRight: a holder that comes back after another host took over ends, and fences its bots", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  await pass(7_000, first);
  const second = await new Service(registry, { ...ELSEWHERE, takeOver: true }).begin();
  first.clock.freeze(30_000);
  await pass(30_000, second);
  assert.equal(second.serves, true);
  assert.notEqual(first.right.whyIdle(), undefined, "nothing is started before it knows");
  await pass(1_000, first, second);
  assert.equal(first.right.lost.aborted, true);
  assert.match(String(first.right.lost.reason), /taken over by instance 'a' on host two/);
  assert.match(first.right.whyIdle()!, /another one has taken over/);
  await first.right.standDown(new AbortController().signal);
  assert.deepEqual(first.fenced, [-1]);
  // It must not take back what it lost by ending.
  await first.kill();
  await first.right.release({ isLeavingBots: true });
  // Its next process stands by, and fences what is left.
  const again = await new Service(registry, A).begin();
  await pass(3_000, second, again);
  assert.equal(again.serves, false);
  assert.ok(again.fenced.length > 0);
  await inTheEnd([second, again]);
});

Deno.test("RegisteredRight: a holder that comes back after another of its host took over leaves the bots to that", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  await pass(7_000, first);
  const second = await new Service(registry, { ...A, instance: "b" }).begin();
  second.lockOfOthers = "unreachable";
  first.clock.freeze(HOST_TIMES.silenceMs + 10_000);
  await pass(HOST_TIMES.silenceMs + 10_000, second);
  assert.equal(second.serves, true);
  await pass(1_000, first, second);
  assert.equal(first.right.lost.aborted, true);
  await first.right.standDown(new AbortController().signal);
  assert.deepEqual(first.fenced, []);
  await inTheEnd([first, second]);
});

Deno.test("RegisteredRight: two copies of one host are told apart, and the one that stands by fences its bots", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const copy = new Service(registry, A);
  copy.engineStart = "another start";
  copy.lockOfOthers = "past";
  await copy.begin();
  await pass(4_000, first, copy);
  assert.deepEqual(copy.fenced, [], "it may be the host after a restart");
  await pass(60_000, first, copy);
  assert.deepEqual([first.serves, copy.serves, copy.problem], [true, false, undefined]);
  assert.ok(copy.fenced.length > 0);
  await inTheEnd([first, copy]);
});

Deno.test("RegisteredRight: a second one of an instance on one host is refused", async () => {
  const registry = new MemoryServiceRegistry();
  const first = await new Service(registry, A).begin();
  const second = await new Service(registry, A).begin();
  await pass(1_000, first, second);
  assert.ok(second.problem instanceof InstanceLockedError);
  await inTheEnd([first, second]);
});

Deno.test("RegisteredRight.release() leaves nothing in the way where no bots are left, and does else", async () => {
  const registry = new MemoryServiceRegistry();
  for (const isLeavingBots of [false, true]) {
    const first = await new Service(registry, { ...A, takeOver: true }).begin();
    await pass(30_000, first);
    assert.equal(first.serves, true);
    await first.kill();
    await first.right.release({ isLeavingBots });
    const second = await new Service(registry, ELSEWHERE).begin();
    await pass(60_000, second);
    assert.equal(second.serves, !isLeavingBots);
    await inTheEnd([second]);
    if (second.serves) await second.right.release({ isLeavingBots: false });
    else await registry.end((await registry.list()).at(-1)!, "released");
  }
});

/** Berths of one cluster: all of one name, and no lock tells who lives. */
const OF_CLUSTER = { instance: "a", host: "swarm", isCluster: true };

Deno.test("RegisteredRight: on a cluster, one of three serves, and another one within 10 s after its death", async () => {
  const registry = new MemoryServiceRegistry();
  const all = Array.from({ length: 3 }, () => new Service(registry, OF_CLUSTER));
  for (const service of all) await service.begin();
  let leaders = all.filter(({ serves }) => serves);
  for (let living = all; living.length > 1;) {
    await pass(30_000, ...living);
    leaders = living.filter(({ serves }) => serves);
    assert.equal(leaders.length, 1);
    await leaders[0]!.kill();
    living = living.filter((each) => each !== leaders[0]);
    await pass(4_000, ...living);
    assert.ok(living.every(({ serves }) => !serves), "one that is slow is not dead");
    await pass(5_000, ...living);
    assert.equal(living.filter(({ serves }) => serves).length, 1);
    assert.ok(living.every(({ problem, fenced }) => problem === undefined && fenced.length === 0));
  }
  await inTheEnd(all);
});

Deno.test("RegisteredRight: on a cluster, a leader that stood still acts on nothing, and knows that it has lost", async () => {
  const registry = new MemoryServiceRegistry();
  const leader = await new Service(registry, OF_CLUSTER).begin();
  const other = await new Service(registry, OF_CLUSTER).begin();
  await pass(5_000, leader, other);
  leader.clock.freeze(CLUSTER_TIMES.fenceMs);
  assert.match(
    leader.right.whyIdle()!,
    /the database to confirm that no other service has taken over: it has not for 4 s/,
  );
  await pass(9_000, other);
  assert.equal(other.serves, true);
  assert.notEqual(leader.right.whyIdle(), undefined);
  await pass(1_000, leader);
  assert.equal(leader.right.lost.aborted, true);
  assert.equal(other.right.whyIdle(), undefined);
  await inTheEnd([leader, other]);
});

Deno.test("RegisteredRight: on a cluster, an outage of the database is no death of the leader", async () => {
  const registry = new MemoryServiceRegistry();
  const leader = await new Service(registry, OF_CLUSTER).begin();
  const other = new Service(registry, OF_CLUSTER);
  const ending = new AbortController();
  // As a process does, which asks again.
  const waiting = (async () => {
    while (!ending.signal.aborted) {
      await other.right.acquire(ending.signal).then(() => other.serves = true, () => {});
      await other.clock.sleep(200, ending.signal).catch(() => {});
    }
  })();
  await pass(5_000, leader, other);
  registry.isAway = true;
  await pass(60_000, leader, other);
  assert.notEqual(leader.right.whyIdle(), undefined);
  registry.isAway = false;
  await pass(20_000, leader, other);
  assert.equal(leader.right.whyIdle(), undefined);
  assert.equal(other.serves, false);
  ending.abort(new Error("the end"));
  await waiting;
  await inTheEnd([leader]);
});

/** Does something right after the next registration is written. */
class WatchedRegistry extends MemoryServiceRegistry {
  afterInsert: (() => Promise<unknown>) | undefined;

  override async insert(record: ServiceRecord): Promise<boolean> {
    const isInserted = await super.insert(record);
    const work = this.afterInsert;
    this.afterInsert = undefined;
    await work?.();
    return isInserted;
  }
}

Deno.test("RegisteredRight: one that gave way to a leader that woke up serves after that one's death", async () => {
  const registry = new WatchedRegistry();
  const leader = await new Service(registry, OF_CLUSTER).begin();
  await pass(3_000, leader);
  const other = await new Service(registry, OF_CLUSTER).begin();
  let isAwake = false;
  registry.afterInsert = async () => {
    const [record] = await registry.list();
    isAwake = await registry.renew(record!, { ...record!, beat: record!.beat + 1 });
  };
  await pass(9_000, other);
  assert.deepEqual([isAwake, other.serves], [true, false]);
  await leader.kill();
  await pass(20_000, other);
  assert.deepEqual([other.serves, other.right.lost.aborted], [true, false]);
  await inTheEnd([other]);
});

Deno.test("RivalSightings: the second registration of a process is a new one", () => {
  const sightings = new RivalSightings();
  const record: ServiceRecord = {
    service: "bots",
    segment: -1,
    instance: "a",
    epoch: 2,
    token: "one",
    state: "active",
    host: "swarm",
    engineStart: "",
    lockPath: "",
    lockId: "",
    beat: 0,
    renewedAt: new Date(0),
    since: new Date(0),
    pid: 1,
  };
  sightings.see(record, "unreachable", 0);
  assert.equal(sightings.see(record, "unreachable", 60_000).unchangedMs, 60_000);
  assert.equal(sightings.see({ ...record, epoch: 4 }, "unreachable", 60_000).unchangedMs, 0);
});
