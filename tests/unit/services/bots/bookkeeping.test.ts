import assert from "node:assert/strict";
import { Bookkeeping } from "../../../../services/bots/bookkeeping.ts";
import { WorkQueue } from "../../../../services/control/work_queue.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";

/** Bookkeeping beside passes that end when they are told to. */
function newBookkeeping() {
  const clock = new FakeClock();
  const ends = new Map<string, () => void>();
  const queue = new WorkQueue({
    handle: (key) => new Promise((resolve) => ends.set(key, resolve)),
    onError: () => {},
    clock,
  });
  const done: string[] = [];
  const bookkeeping = new Bookkeeping(queue, clock);
  const add = (name: string) =>
    bookkeeping.add(() => {
      done.push(name);
      return Promise.resolve();
    });
  /** Begins passes over bots. */
  const begin = async (...keys: string[]) => {
    for (const key of keys) queue.add(key);
    await settle();
  };
  return { clock, queue, ends, done, bookkeeping, add, begin };
}

Deno.test("Bookkeeping does work at once beside a few passes", async () => {
  const { done, add, begin } = newBookkeeping();
  await begin("a", "b", "c", "d");
  add("note");
  assert.deepEqual(done, ["note"]);
});

Deno.test("Bookkeeping does work in its order once no pass is left, and after 10 s at the latest", async () => {
  const { clock, ends, done, add, begin } = newBookkeeping();
  await begin("a", "b", "c", "d", "e");
  add("one");
  add("two");
  await settle();
  assert.deepEqual(done, []);
  for (const key of ["a", "b", "c", "d"]) ends.get(key)!();
  await settle();
  assert.deepEqual(done, []);
  ends.get("e")!();
  await settle();
  assert.deepEqual(done, ["one", "two"]);

  await begin("a", "b", "c", "d", "e");
  add("three");
  await clock.advance(9_999);
  assert.deepEqual(done, ["one", "two"]);
  await clock.advance(1);
  assert.deepEqual(done, ["one", "two", "three"]);
});

Deno.test("Bookkeeping.drain() waits for work, also for what that adds, until its signal", async () => {
  const { bookkeeping, done, add } = newBookkeeping();
  const gate = Promise.withResolvers<void>();
  bookkeeping.add(async () => {
    await gate.promise;
    add("more");
  });
  let isDrained = false;
  const draining = bookkeeping.drain(new AbortController().signal).then(() => isDrained = true);
  await settle();
  assert.equal(isDrained, false);
  await bookkeeping.drain(AbortSignal.abort());
  gate.resolve();
  await draining;
  assert.deepEqual(done, ["more"]);
});
