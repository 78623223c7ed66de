import assert from "node:assert/strict";
import { backoffMs, RETRY, retryDelays } from "../../../../lib/util/backoff.ts";

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

Deno.test("retryDelays() lists the waits of a policy until they no longer grow", () => {
  assert.deepEqual(retryDelays({ minMs: 250, maxMs: 4000 }), [250, 500, 1000, 2000, 4000]);
  assert.deepEqual(retryDelays({ minMs: 250, maxMs: 3000 }), [250, 500, 1000, 2000, 3000]);
  assert.deepEqual(retryDelays({ minMs: 1000, maxMs: 1000 }), [1000]);
});

Deno.test("RETRY has no policy whose longest wait is shorter than its first", () => {
  for (const [name, { minMs, maxMs }] of Object.entries(RETRY)) assert.ok(0 < minMs && minMs <= maxMs, name);
});
