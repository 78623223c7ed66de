import assert from "node:assert/strict";
import { leaseTimes } from "../../../../lib/cluster/cluster_leases.ts";
import { newOrderId } from "../../../../lib/cluster/work_orders.ts";
import { nextRenewalInMs } from "../../../../services/supervisors/next_renewal.ts";

const { renewEveryMs } = leaseTimes(30);

function orderWith(id: string) {
  return { id, lease: { key: "bot/grid", owner: "a", epoch: 1, leaseSeconds: 30 } };
}

Deno.test("nextRenewalInMs() never exceeds the time between two renewals", () => {
  for (let nowMs = 0; nowMs < 20_000; nowMs += 77.7) {
    const inMs = nextRenewalInMs(orderWith(newOrderId()), nowMs);
    assert.ok(inMs > 0 && inMs <= renewEveryMs, `${inMs} ms at ${nowMs} ms`);
  }
});

Deno.test("nextRenewalInMs() keeps to the moment of a supervisor, whenever Berth answers", () => {
  const order = orderWith(newOrderId());
  const moment = 12_345 + nextRenewalInMs(order, 12_345);
  for (const lateMs of [1, 500, 1000, 7000]) {
    assert.ok(Math.abs(lateMs + nextRenewalInMs(order, moment + lateMs) - renewEveryMs) < 0.001);
  }
});

Deno.test("nextRenewalInMs() makes six groups of about the same size", () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 6000; index++) {
    const inMs = Math.round(nextRenewalInMs(orderWith(newOrderId()), 100));
    counts.set(inMs, (counts.get(inMs) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const [, count] of counts) assert.ok(count > 800 && count < 1200, `${count} of 6000`);
});
