import assert from "node:assert/strict";
import { RunPermits } from "../../../../services/schedules/run_permits.ts";

Deno.test("RunPermits lets so many go at once, and the others in the order in which they asked", () => {
  const permits = new RunPermits(2);
  assert.deepEqual(["a", "b", "c", "d", "a"].map((id) => permits.ask(id)), [true, true, false, false, true]);
  assert.deepEqual([permits.held, permits.waiting], [2, 2]);
  assert.deepEqual(permits.giveBack("a"), ["c"]);
  assert.equal(permits.ask("d"), false, "it is not its turn");
  assert.equal(permits.ask("c"), true);
  assert.deepEqual(permits.giveBack("d"), [], "one that waited may give up its place");
  assert.deepEqual(permits.giveBack("nobody"), []);
});

Deno.test("RunPermits takes what goes already beyond its limit, and then lets nobody else go", () => {
  const permits = new RunPermits(1);
  permits.take("a");
  permits.take("b");
  assert.equal(permits.ask("c"), false);
  assert.deepEqual(permits.giveBack("a"), []);
  assert.deepEqual(permits.giveBack("b"), ["c"]);
});
