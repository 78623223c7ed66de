/**
 * The contract of every registry of services, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ServiceRecord, ServiceRegistry } from "../../services/ownership/service_registry.ts";

/** A registry to test, in a store of its own that is empty. */
export interface ServiceRegistryFixture extends AsyncDisposable {
  /** The registry. */
  readonly registry: ServiceRegistry;
}

/** @param more The differences. @returns A registration. */
export function serviceRecord(more: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    service: "bots",
    segment: -1,
    instance: "one",
    epoch: 1,
    token: "a",
    state: "active",
    host: "here/ID/var/lib/docker",
    engineStart: "1:2:3",
    lockPath: "/run/berth/one.bots.lock",
    lockId: "1:2",
    beat: 0,
    since: new Date("2026-01-01T00:00:00Z"),
    renewedAt: new Date("2026-01-01T00:00:00Z"),
    pid: 17,
    ...more,
  };
}

/**
 * Declares the tests.
 *
 * @param name Name of the implementation, for the names of the tests.
 * @param make Makes one.
 */
export function testServiceRegistryContract(name: string, make: () => Promise<ServiceRegistryFixture>): void {
  Deno.test(`${name}.insert() lets one of many have an epoch, and list() gives its record back`, async () => {
    await using fixture = await make();
    const { registry } = fixture;
    const records = Array.from({ length: 8 }, (_, index) => serviceRecord({ token: `token-${index}` }));
    const inserted = await Promise.all(records.map((record) => registry.insert(record)));
    assert.equal(inserted.filter(Boolean).length, 1);
    assert.deepEqual(await registry.list(), [records[inserted.indexOf(true)]]);
  });

  Deno.test(`${name}.renew() renews an active registration of its own alone`, async () => {
    await using fixture = await make();
    const { registry } = fixture;
    await registry.insert(serviceRecord());
    const renewal = { beat: 1, renewedAt: new Date("2026-01-02T00:00:00Z"), lockId: "3:4", engineStart: "5" };
    assert.equal(await registry.renew({ epoch: 1, token: "b" }, renewal), false);
    assert.equal(await registry.renew({ epoch: 2, token: "a" }, renewal), false);
    assert.equal(await registry.renew({ epoch: 1, token: "a" }, renewal), true);
    assert.deepEqual(await registry.list(), [serviceRecord(renewal)]);
    await registry.end({ epoch: 1, token: "a" }, "ended");
    assert.equal(await registry.renew({ epoch: 1, token: "a" }, { ...renewal, beat: 2 }), false);
    assert.deepEqual(await registry.list(), [serviceRecord({ ...renewal, state: "ended" })]);
  });

  Deno.test(`${name}.end() releases what has ended, and a released registration stays so`, async () => {
    await using fixture = await make();
    const { registry } = fixture;
    await registry.insert(serviceRecord());
    for (
      const [state, then] of [["ended", "ended"], ["released", "released"], ["ended", "released"]] as const
    ) {
      await registry.end({ epoch: 1, token: "a" }, state);
      assert.deepEqual((await registry.list()).map(({ state }) => state), [then]);
    }
  });

  Deno.test(`${name}.removeReleased() removes released registrations before an epoch`, async () => {
    await using fixture = await make();
    const { registry } = fixture;
    for (const epoch of [1, 2, 3]) await registry.insert(serviceRecord({ epoch }));
    await registry.end({ epoch: 1, token: "a" }, "released");
    await registry.end({ epoch: 2, token: "a" }, "ended");
    await registry.end({ epoch: 3, token: "a" }, "released");
    await registry.removeReleased(3);
    assert.deepEqual((await registry.list()).map(({ epoch }) => epoch).sort(), [2, 3]);
  });
}
