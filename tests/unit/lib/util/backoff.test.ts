import assert from "node:assert/strict";
import { backoffMs } from "../../../../lib/util/backoff.ts";

Deno.test("backoffMs() doubles up to the limit, however often", () => {
  const waits = [1, 2, 3, 4, 5, 2000].map((attempt) => backoffMs(attempt, { minMs: 200, maxMs: 1000 }));
  assert.deepEqual(waits, [200, 400, 800, 1000, 1000, 1000]);
});

Deno.test("backoffMs() takes at most half of the wait away as jitter", () => {
  const options = { minMs: 200, maxMs: 1000 };
  assert.equal(backoffMs(2, { ...options, random: () => 0 }), 400);
  assert.equal(backoffMs(2, { ...options, random: () => 0.5 }), 300);
  assert.equal(Math.round(backoffMs(20, { ...options, random: () => 1 - 1e-9 })), 500);
});
