/**
 * The contract of leases on every database, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LeaseHeldError, leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { LeaseStore } from "../../services/leases/lease_store.ts";
import { Leases } from "../../services/leases/leases.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { until } from "../support/until.ts";
import type { LeaseStoreFixture } from "./lease_store_contract.ts";

const LEASE_SECONDS = 30;
const { overAfterMs } = leaseTimes(LEASE_SECONDS);
const KEY = "bot/a";

/** Two processes on one database, each with a clock of its own. */
class Processes {
  readonly clocks = [new FakeClock(), new FakeClock(1_000_000)] as const;
  readonly one: Leases;
  readonly two: Leases;

  readonly stores: readonly [LeaseStore, LeaseStore];

  constructor({ leases, another }: LeaseStoreFixture) {
    this.stores = [leases, another()];
    const [one, two] = this.stores.map((store, n) =>
      new Leases({ store, leaseSeconds: LEASE_SECONDS, clock: this.clocks[n]! })
    );
    this.one = one!;
    this.two = two!;
  }

  async pass(ms: number): Promise<void> {
    await Promise.all(this.clocks.map((clock) => clock.advance(ms)));
  }

  /** A renewal waits a moment for others. */
  async renew(leases: Leases, lease: Parameters<Leases["renew"]>[0]): Promise<boolean> {
    const renewing = leases.renew(lease);
    await this.pass(200);
    return await renewing;
  }
}

function heldFor(ms: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof LeaseHeldError && error.key === KEY && Math.abs(error.againInMs - ms) < 1;
}

/**
 * Declares the tests.
 *
 * @param name Name of the database, for the names of the tests.
 * @param make Makes one.
 */
export function testClusterLeasesContract(name: string, make: () => Promise<LeaseStoreFixture>): void {
  const test = (what: string, work: (processes: Processes) => Promise<void>) =>
    Deno.test(`Leases on ${name}: ${what}`, async () => {
      await using fixture = await make();
      await fixture.leases.open();
      await work(new Processes(fixture));
    });

  test("one of many takes a key, and epochs only grow", async ({ one, two }) => {
    const owners = Array.from({ length: 8 }, (_, n) => `owner-${n}`);
    const takes = await Promise.allSettled(
      owners.map((owner, n) => (n % 2 ? one : two).take(KEY, owner)),
    );
    const taken = takes.flatMap((take) => take.status === "fulfilled" ? [take.value] : []);
    assert.equal(taken.length, 1);
    for (const take of takes) {
      if (take.status === "rejected") assert.ok(take.reason instanceof LeaseHeldError, String(take.reason));
    }
    const [first] = taken;
    assert.equal(first!.epoch, 1);
    assert.equal(first!.leaseSeconds, LEASE_SECONDS);
    assert.equal((await two.take("bot/b", "other")).epoch, 1);
    await two.release(first!);
    assert.equal((await one.take(KEY, "next")).epoch, 2);
  });

  test("the same owner gets the same lease again", async ({ one, two }) => {
    const taken = await one.take(KEY, "x");
    assert.deepEqual(await one.take(KEY, "x"), taken);
    assert.deepEqual(await two.take(KEY, "x"), taken);
    await one.release(taken);
    assert.equal((await one.take(KEY, "x")).epoch, 2, "what was released is taken anew");
  });

  test("a lease that is not renewed is taken once its time is over by the observer's clock", async (processes) => {
    const { one, two, clocks } = processes;
    const taken = await one.take(KEY, "x");
    await assert.rejects(two.take(KEY, "y"), heldFor(overAfterMs));
    await clocks[1].advance(overAfterMs - 1);
    await assert.rejects(two.take(KEY, "y"), heldFor(1));
    const { owner, aliveMs } = (await two.find(KEY))!;
    assert.deepEqual([owner, aliveMs], ["x", 1]);
    await clocks[1].advance(1);
    assert.equal(await two.find(KEY), undefined);
    assert.equal((await two.take(KEY, "y")).epoch, 2);
    assert.equal(await processes.renew(one, taken), false, "the one it was taken from has lost it");
    assert.equal(await processes.renew(two, { key: KEY, owner: "y", epoch: 2 }), true);
  });

  test("any process renews a lease, and that starts its time anew", async (processes) => {
    const { one, two } = processes;
    const taken = await one.take(KEY, "x");
    await assert.rejects(two.take(KEY, "y"), LeaseHeldError);
    await processes.pass(overAfterMs - 100);
    assert.equal(await processes.renew(two, taken), true);
    await assert.rejects(two.take(KEY, "y"), heldFor(overAfterMs));
    assert.equal(await processes.renew(one, { ...taken, owner: "y" }), false);
    assert.equal(await processes.renew(one, { ...taken, epoch: 2 }), false);
    await two.release(taken);
    assert.equal(await processes.renew(one, taken), false);
    assert.equal(await one.find(KEY), undefined);
  });

  test("renewals that can wait share a call, and one in a hurry takes them along", async (processes) => {
    const { one, clocks: [clock], stores: [store] } = processes;
    const taken = await one.take(KEY, "x");
    const calls: number[] = [];
    const renew = store.renew.bind(store);
    store.renew = (leases, options) => {
      calls.push(leases.length);
      return renew(leases, options);
    };
    const first = one.renew(taken, { canWait: true });
    await clock.advance(700);
    const second = one.renew(taken, { canWait: true });
    await clock.advance(50);
    assert.deepEqual(calls, []);
    for (let step = 0; step < 4; step++) await clock.advance(100);
    assert.deepEqual(await Promise.all([first, second]), [true, true]);
    const patient = one.renew(taken, { canWait: true });
    const hurried = one.renew(taken);
    for (let step = 0; step < 2; step++) await clock.advance(100);
    assert.deepEqual(await Promise.all([patient, hurried]), [true, true]);
    assert.deepEqual(calls, [2, 2]);
  });

  test("the process that has taken a lease knows its age until a renewal is due", async ({ one, two, clocks }) => {
    const taken = await one.take(KEY, "x");
    await clocks[0].advance(1000);
    assert.deepEqual([one.ageMs(taken), two.ageMs(taken)], [1000, undefined]);
    assert.equal(one.ageMs({ ...taken, epoch: 2 }), undefined);
    await clocks[0].advance(leaseTimes(LEASE_SECONDS).renewEveryMs - 1000);
    assert.equal(one.ageMs(taken), undefined);
    await one.release(taken);
    const next = await one.take(KEY, "y");
    assert.equal(one.ageMs(next), 0);
    await one.release(next);
    assert.equal(one.ageMs(next), undefined);
  });

  test("a renewal of a long lease is answered while its supervisor waits for it", async (processes) => {
    const { clocks: [clock], stores: [store] } = processes;
    const patient = new Leases({ store, leaseSeconds: 300, clock });
    const taken = await patient.take(KEY, "x");
    let isRenewed = false;
    const renewal = patient.renew(taken, { canWait: true }).then((renewed) => isRenewed = renewed);
    for (let step = 0; step < 20; step++) await clock.advance(100);
    await until("the answer within 2 s by the clock of the leases", () => isRenewed);
    await renewal;
  });

  test("a copy that renews its lease at the last moment keeps it, or knows that it has lost it", async (processes) => {
    const { one, clocks, stores: [store] } = processes;
    const taken = await one.take(KEY, "x");
    const insert = store.insert.bind(store);
    store.insert = async (record) => {
      assert.deepEqual(await store.renew([taken]), [true]);
      return await insert(record);
    };
    const two = new Leases({ store, leaseSeconds: LEASE_SECONDS, clock: clocks[1] });
    await assert.rejects(two.take(KEY, "y"), LeaseHeldError);
    await clocks[1].advance(overAfterMs);
    await assert.rejects(two.take(KEY, "y"), heldFor(overAfterMs));
    assert.deepEqual(await store.renew([taken]), [true]);
    assert.equal((await one.find(KEY))?.owner, "x");
  });

  test("each lease has the length it was taken with", async (processes) => {
    const { one, two, clocks } = processes;
    await one.take(KEY, "x", { leaseSeconds: 10 });
    await assert.rejects(two.take(KEY, "y"), heldFor(leaseTimes(10).overAfterMs));
    await clocks[1].advance(leaseTimes(10).overAfterMs);
    assert.equal((await two.take(KEY, "y")).leaseSeconds, LEASE_SECONDS);
  });

  test("a process that looks all the time knows when a lease has run out, without a first attempt", async (processes) => {
    const { one, two } = processes;
    await using _watching = two.watch();
    await processes.pass(0);
    await one.take(KEY, "x");
    // Its looks are real calls, which take as long as they take.
    for (let passed = 0; passed < overAfterMs + 10_000; passed += 500) {
      await processes.pass(500);
      await two.find("bot/none");
    }
    assert.equal((await two.take(KEY, "y")).epoch, 2);
  });

  test("a process that looks all the time forgets the lease of a run that nobody comes back to", async (processes) => {
    const { one, clocks, stores: [store] } = processes;
    const dayMs = 86_400_000;
    for (const key of ["run/run/a/1", KEY]) await one.take(key, "x");
    const heldOf = async () => (await store.listHeld("")).map(({ key }) => key).sort();
    const looksUntil = (what: string, isSo: () => Promise<boolean>) =>
      until(what, async () => {
        await clocks[0].advance(500);
        return await isSo();
      });
    const list = store.listHeld.bind(store);
    let lists = 0;
    store.listHeld = (...given) => {
      lists++;
      return list(...given);
    };
    await using _watching = one.watch();
    await looksUntil("it has looked at all", () => Promise.resolve(lists > 2));
    clocks[0].freeze(dayMs);
    await looksUntil("it is released", async () => !(await heldOf()).includes("run/run/a/1"));
    assert.ok((await heldOf()).includes(KEY), "the next copy of a bot takes its lease");
  });
}
