import assert from "node:assert/strict";
import { RunPermits } from "../../../../services/schedules/run_permits.ts";

Deno.test("RunPermits lets so many go at once, and the others in the order in which they asked", () => {
  const permits = new RunPermits(2);
  assert.deepEqual(["a", "b", "c", "d", "a"].map((id) => permits.tryAcquire(id)), [
    true,
    true,
    false,
    false,
    true,
  ]);
  assert.deepEqual([permits.held, permits.waiting], [2, 2]);
  assert.deepEqual(permits.release("a"), ["c"]);
  assert.equal(permits.tryAcquire("d"), false, "it is not its turn");
  assert.equal(permits.tryAcquire("c"), true);
  assert.deepEqual(permits.release("d"), [], "one that waited may give up its place");
  assert.deepEqual(permits.release("nobody"), []);
});

Deno.test("RunPermits takes what goes already beyond its limit, and then lets nobody else go", () => {
  const permits = new RunPermits(1);
  permits.acquire("a");
  permits.acquire("b");
  assert.equal(permits.tryAcquire("c"), false);
  assert.deepEqual(permits.release("a"), []);
  assert.deepEqual(permits.release("b"), ["c"]);
});
