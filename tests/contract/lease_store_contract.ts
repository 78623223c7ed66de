/**
 * The contract of every store of leases, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { LeaseRecord, LeaseStore } from "../../services/leases/lease_store.ts";

/** A store to test, in a database of its own that is empty. */
export interface LeaseStoreFixture extends AsyncDisposable {
  /** The store. */
  readonly leases: LeaseStore;
  /** Makes another one on the same database, as of another process. */
  readonly another: () => LeaseStore;
}

/** @param more The differences. @returns A lease. */
export function leaseRecord(more: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    key: "bot/a",
    epoch: 1,
    owner: "one",
    leaseSeconds: 30,
    isReleased: false,
    beat: 0,
    takenAt: new Date("2026-01-01T00:00:00Z"),
    about: "",
    ...more,
  };
}

/**
 * Declares the tests.
 *
 * @param name Name of the implementation, for the names of the tests.
 * @param make Makes one.
 */
export function testLeaseStoreContract(name: string, make: () => Promise<LeaseStoreFixture>): void {
  const test = (what: string, work: (fixture: LeaseStoreFixture) => Promise<void>) =>
    Deno.test(`${name}${what}`, async () => {
      await using fixture = await make();
      await fixture.leases.open();
      await work(fixture);
    });

  test(".insert() lets one of many have an epoch of a key, and find() gives it back", async ({ leases, another }) => {
    const stores = [leases, ...Array.from({ length: 7 }, () => another())];
    const records = stores.map((_, n) => leaseRecord({ owner: `owner-${n}`, about: JSON.stringify({ n }) }));
    const inserted = await Promise.all(stores.map((store, n) => store.insert(records[n]!)));
    assert.equal(inserted.filter(Boolean).length, 1);
    assert.deepEqual(await leases.find("bot/a"), [records[inserted.indexOf(true)]]);
    assert.equal(await leases.insert(leaseRecord({ epoch: 2 })), true);
    assert.equal(await leases.insert(leaseRecord({ key: "bot/b" })), true);
    assert.deepEqual((await leases.find("bot/a")).map(({ epoch }) => epoch), [1, 2]);
    assert.deepEqual(await leases.find("bot/none"), []);
  });

  test(" takes keys for what they are", async ({ leases }) => {
    const keys = ["bot/a", "bot/a#1", "bot/a b", "bot/A", "bot/a/b", "bot/~"];
    for (const key of keys) await leases.insert(leaseRecord({ key, epoch: 10 }));
    for (const key of keys) assert.deepEqual((await leases.find(key)).map((one) => one.key), [key]);
    await leases.removeBefore("bot/a", 11);
    assert.deepEqual((await leases.listHeld("bot/")).map(({ key }) => key).sort(), keys.slice(1).sort());
  });

  test(".find() gives each of many calls at once its own leases", async ({ leases }) => {
    const keys = ["bot/a", "bot/a#1", "bot/b", "bot/c"];
    for (const key of keys) await leases.insert(leaseRecord({ key }));
    await leases.insert(leaseRecord({ key: "bot/b", epoch: 2 }));
    const wanted = [...keys, "bot/none", "bot/b"];
    const found = await Promise.all(wanted.map((key) => leases.find(key)));
    assert.deepEqual(
      found.map((leases) => leases.map(({ key, epoch }) => `${key} ${epoch}`)),
      [["bot/a 1"], ["bot/a#1 1"], ["bot/b 1", "bot/b 2"], ["bot/c 1"], [], ["bot/b 1", "bot/b 2"]],
    );
    const reason = new Error("stopped");
    await assert.rejects(leases.find("bot/a", { signal: AbortSignal.abort(reason) }), reason);
  });

  test(".renew() counts, and says which are still held by their owners", async ({ leases, another }) => {
    const held = leaseRecord();
    const taken = leaseRecord({ key: "bot/b" });
    const released = leaseRecord({ key: "bot/c" });
    for (const record of [held, taken, leaseRecord({ ...taken, epoch: 2, owner: "two" }), released]) {
      await leases.insert(record);
    }
    await leases.release(released);
    const others = [{ ...held, owner: "two" }, { ...held, epoch: 2 }, leaseRecord({ key: "bot/none" })];
    const answers = await another().renew([held, taken, released, ...others]);
    assert.deepEqual(answers, [true, false, false, false, false, false]);
    assert.equal((await leases.find("bot/a"))[0]!.beat, 1);
    assert.deepEqual(await leases.renew([held]), [true]);
    assert.equal((await leases.find("bot/a"))[0]!.beat, 2);
    assert.deepEqual(await leases.renew([]), []);
  });

  test(".release() ends what its owner holds, and listHeld() leaves it out", async ({ leases }) => {
    const record = leaseRecord();
    await leases.insert(record);
    await leases.insert(leaseRecord({ key: "run/a" }));
    await leases.release({ ...record, owner: "two" });
    await leases.release({ ...record, epoch: 2 });
    assert.deepEqual(await leases.listHeld("bot/"), [record]);
    await leases.release(record);
    assert.deepEqual(await leases.listHeld("bot/"), []);
    assert.equal((await leases.find("bot/a"))[0]!.isReleased, true);
    assert.equal((await leases.listHeld("")).length, 1);
  });

  test(".remove(), removeBefore() and removeReleased() remove what they name", async ({ leases }) => {
    for (const epoch of [1, 2, 3]) await leases.insert(leaseRecord({ epoch }));
    const epochs = async () => (await leases.find("bot/a")).map(({ epoch }) => epoch);
    await leases.remove(leaseRecord({ epoch: 3, owner: "two" }));
    await leases.removeBefore("bot/a", 2);
    assert.deepEqual(await epochs(), [2, 3]);
    await leases.remove(leaseRecord({ epoch: 3 }));
    assert.deepEqual(await epochs(), [2]);
    const old = leaseRecord({ key: "run/a" });
    const young = leaseRecord({ key: "run/b", takenAt: new Date("2026-01-03T00:00:00Z") });
    for (const record of [old, young, leaseRecord({ key: "run/c" })]) await leases.insert(record);
    for (const record of [old, young, leaseRecord({ epoch: 2 })]) await leases.release(record);
    await leases.removeReleased("run/", new Date("2026-01-02T00:00:00Z"));
    assert.deepEqual(await leases.find("run/a"), []);
    assert.equal((await leases.find("run/b")).length, 1);
    assert.equal((await leases.find("run/c")).length, 1);
    assert.deepEqual(await epochs(), [2]);
  });

  test(" rejects after its end, and a call that is aborted before it begins", async ({ another }) => {
    const leases = another();
    const reason = new Error("stopped");
    await assert.rejects(leases.find("bot/a", { signal: AbortSignal.abort(reason) }), reason);
    await leases[Symbol.asyncDispose]();
    await assert.rejects(leases.find("bot/a"), { code: "store/unavailable" });
  });
}
