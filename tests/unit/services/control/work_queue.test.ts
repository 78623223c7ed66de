import assert from "node:assert/strict";
import {
  type WorkFailure,
  WorkQueue,
  type WorkQueueOptions,
} from "../../../../services/control/work_queue.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

/** A queue on a clock of its own, without jitter. */
function newQueue(handle: WorkQueueOptions["handle"], options: Partial<WorkQueueOptions> = {}) {
  const clock = new FakeClock(1_000_000);
  const failures: WorkFailure[] = [];
  const onError = (failure: WorkFailure) => void failures.push(failure);
  const queue = new WorkQueue({ handle, onError, clock, random: () => 0, ...options });
  return { queue, clock, failures };
}

/** A handler that writes down when it was called, and fails as often as told. */
function recorder(clockOf: () => FakeClock, failures = 0) {
  const calls: number[] = [];
  const handle = () => {
    calls.push(clockOf().now() - 1_000_000);
    return calls.length <= failures ? Promise.reject(new Error(`no. ${calls.length}`)) : Promise.resolve();
  };
  return { calls, handle };
}

Deno.test("WorkQueue handles keys in the order of their adding, each once, at most so many at a time", async () => {
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const { queue } = newQueue(async (key) => {
    begun.push(key);
    gates.set(key, Promise.withResolvers());
    await gates.get(key)!.promise;
  }, { concurrency: 2 });
  for (const key of ["a", "b", "c", "d", "c"]) queue.add(key);
  assert.deepEqual(begun, [], "a handler ran inside add()");
  await settle();
  assert.deepEqual(begun, ["a", "b"]);
  assert.deepEqual([queue.depth, queue.active], [2, 2]);
  gates.get("b")!.resolve();
  await settle();
  assert.deepEqual(begun, ["a", "b", "c"]);
  for (const key of ["a", "c"]) gates.get(key)!.resolve();
  await settle();
  gates.get("d")!.resolve();
  await settle();
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  assert.deepEqual([queue.depth, queue.active], [0, 0]);
});

Deno.test("WorkQueue handles a key that is added while it is handled once more afterwards, behind those that waited", async () => {
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { queue } = newQueue(async (key) => {
    begun.push(key);
    if (begun.length === 1) await gate.promise;
  }, { concurrency: 1 });
  queue.add("a");
  await settle();
  queue.add("b");
  queue.add("a");
  queue.add("a");
  await settle();
  assert.deepEqual(begun, ["a"]);
  gate.resolve();
  await settle();
  assert.deepEqual(begun, ["a", "b", "a"]);
});

Deno.test("WorkQueue handles a key again when its handler says so, and an earlier adding takes the place of that", async () => {
  const calls: number[] = [];
  const { queue, clock } = newQueue(() => {
    calls.push(clock.now() - 1_000_000);
    return Promise.resolve(calls.length < 3 ? { againInMs: 100 } : undefined);
  });
  queue.add("a");
  await clock.advance(60);
  queue.add("a");
  await clock.advance(10_000);
  assert.deepEqual(calls, [0, 60, 160]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("WorkQueue.addAfter() keeps the earliest of several times", async () => {
  let clock = new FakeClock();
  const { calls, handle } = recorder(() => clock);
  const made = newQueue(handle);
  clock = made.clock;
  for (const ms of [300, 100, 200]) made.queue.addAfter("a", ms);
  assert.equal(made.queue.depth, 0);
  await clock.advance(1000);
  assert.deepEqual(calls, [100]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("WorkQueue.addAfter() of a key that is being handled is not lost", async () => {
  const calls: number[] = [];
  const { queue, clock } = newQueue(async () => {
    calls.push(clock.now() - 1_000_000);
    if (calls.length === 1) await clock.sleep(50);
  });
  queue.add("a");
  await settle();
  queue.addAfter("a", 20);
  queue.addAfter("a", 10);
  await clock.advance(1000);
  assert.deepEqual(calls, [0, 50], "due while it was handled: once more at its end");
  queue.addAfter("a", 100);
  await clock.advance(100);
  assert.deepEqual(calls, [0, 50, 1100]);
});

Deno.test("WorkQueue waits longer after each failure, says so, and begins anew after a success", async () => {
  const calls: number[] = [];
  const { queue, clock, failures } = newQueue(() => {
    calls.push(clock.now() - 1_000_000);
    return calls.length === 5 ? Promise.resolve() : Promise.reject(new Error(`no. ${calls.length}`));
  }, { minBackoffMs: 200, maxBackoffMs: 1000 });
  const told = () =>
    failures.map(({ key, attempt, retryInMs, error }) => [key, attempt, retryInMs, (error as Error).message]);
  queue.add("a");
  await clock.advance(10_000);
  assert.deepEqual(calls, [0, 200, 600, 1400, 2400]);
  assert.deepEqual(told(), [
    ["a", 1, 200, "no. 1"],
    ["a", 2, 400, "no. 2"],
    ["a", 3, 800, "no. 3"],
    ["a", 4, 1000, "no. 4"],
  ]);
  assert.equal(clock.sleepers, 0);
  queue.add("a");
  await settle();
  assert.deepEqual(told().at(-1), ["a", 1, 200, "no. 6"]);
  await queue[Symbol.asyncDispose]();
});

Deno.test("WorkQueue spreads retries by jitter", async () => {
  const random = seededRandom(1);
  const { queue, failures } = newQueue(() => Promise.reject(new Error("broken")), { random: random.next });
  for (let key = 0; key < 50; key++) queue.add(String(key));
  await settle();
  const waits = failures.map(({ retryInMs }) => retryInMs!);
  assert.equal(waits.length, 50);
  assert.ok(waits.every((wait) => wait > 100 && wait <= 200));
  assert.ok(Math.max(...waits) - Math.min(...waits) > 50);
  await queue[Symbol.asyncDispose]();
});

Deno.test("WorkQueue.add() does not wait for the end of a backoff, and does not reset it", async () => {
  let clock = new FakeClock();
  const { calls, handle } = recorder(() => clock, 5);
  const made = newQueue(handle, { minBackoffMs: 200, maxBackoffMs: 60_000 });
  clock = made.clock;
  made.queue.add("a");
  await clock.advance(700);
  assert.deepEqual(calls, [0, 200, 600]);
  made.queue.add("a");
  await clock.advance(0);
  assert.deepEqual(calls, [0, 200, 600, 700]);
  assert.equal(made.failures.at(-1)!.retryInMs, 1600);
  await made.queue[Symbol.asyncDispose]();
});

Deno.test("WorkQueue does not spin when a failing handler causes its own events", async () => {
  let calls = 0;
  const { queue, clock } = newQueue((key) => {
    calls++;
    queue.add(key);
    return Promise.reject(new Error("broken"));
  }, { minBackoffMs: 200 });
  queue.add("a");
  await clock.advance(1000);
  assert.equal(calls, 11, "once at first, then each half of the least backoff");
  await queue[Symbol.asyncDispose]();
});

Deno.test("WorkQueue handles an added key soon though the clock was set back an hour after a failure", async () => {
  let calls = 0;
  const { queue, clock } = newQueue(() =>
    ++calls === 1 ? Promise.reject(new Error("broken")) : Promise.resolve()
  );
  queue.add("a");
  await settle();
  clock.set(clock.now() - 3_600_000);
  queue.add("a");
  await clock.advance(100);
  assert.equal(calls, 2);
});

Deno.test("WorkQueue holds up no other key when one fails or never ends", async () => {
  const done: string[] = [];
  const hanging = Promise.withResolvers<void>();
  const { queue, clock } = newQueue(async (key) => {
    if (key === "hangs") await hanging.promise;
    if (key === "fails") throw new Error("broken");
    done.push(key);
  }, { concurrency: 2 });
  for (const key of ["hangs", "fails", "a", "b", "c"]) queue.add(key);
  await clock.advance(0);
  assert.deepEqual(done, ["a", "b", "c"]);
  hanging.resolve();
  await queue.drain();
});

Deno.test("WorkQueue.forget() drops the delay and the failures of a key", async () => {
  let clock = new FakeClock();
  const { calls, handle } = recorder(() => clock, 3);
  const made = newQueue(handle);
  clock = made.clock;
  made.queue.add("a");
  await clock.advance(200);
  assert.deepEqual(made.failures.map(({ attempt }) => attempt), [1, 2]);
  made.queue.forget("a");
  await clock.advance(60_000);
  assert.equal(calls.length, 2);
  made.queue.add("a");
  await settle();
  assert.equal(made.failures.at(-1)!.attempt, 1);
  await made.queue[Symbol.asyncDispose]();
});

Deno.test("WorkQueue.untilAtMost() counts the keys that wait and those that are handled", async () => {
  const ends = new Map<string, () => void>();
  const { queue } = newQueue((key) => new Promise((resolve) => ends.set(key, resolve)), { concurrency: 2 });
  await queue.untilAtMost(0);
  for (const key of ["a", "b", "c"]) queue.add(key);
  const reached: number[] = [];
  for (const keys of [0, 1, 2]) void queue.untilAtMost(keys).then(() => reached.push(keys));
  await settle();
  assert.deepEqual(reached, []);
  for (const [key, expected] of [["a", [2]], ["b", [2, 1]], ["c", [2, 1, 0]]] as const) {
    ends.get(key)!();
    await settle();
    assert.deepEqual(reached, expected, key);
  }
});

Deno.test("WorkQueue.drain() begins nothing new, and waits for what is under way", async () => {
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { queue, clock, failures } = newQueue(async (key) => {
    begun.push(key);
    await gate.promise;
    throw new Error("broken");
  }, { concurrency: 1 });
  for (const key of ["a", "b"]) queue.add(key);
  queue.addAfter("c", 10);
  await settle();
  queue.add("a");
  let isDrained = false;
  const drained = queue.drain().then(() => isDrained = true);
  assert.equal(clock.sleepers, 0);
  queue.add("d");
  queue.addAfter("e", 0);
  await clock.advance(1000);
  assert.equal(isDrained, false);
  gate.resolve();
  await drained;
  await queue.drain();
  await clock.advance(60_000);
  assert.deepEqual(begun, ["a"]);
  assert.deepEqual(failures.map(({ key, retryInMs }) => [key, retryInMs]), [["a", undefined]]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("WorkQueue.drain() tells handlers to give up when its signal is aborted", async () => {
  const { queue, clock, failures } = newQueue((_key, signal) => clock.sleep(60_000, signal));
  queue.add("a");
  await settle();
  const abort = new AbortController();
  const drained = queue.drain({ signal: abort.signal });
  await settle();
  assert.equal(queue.active, 1);
  abort.abort(new Error("10 s are over"));
  await drained;
  assert.deepEqual([queue.active, clock.sleepers], [0, 0]);
  assert.deepEqual(failures, [], "what was given up is no failure");
});

Deno.test("WorkQueue[Symbol.asyncDispose]() gives up what is under way and leaves no timer", async () => {
  const reasons: unknown[] = [];
  const { queue, clock } = newQueue(async (_key, signal) => {
    await clock.sleep(60_000, signal).catch((reason) => reasons.push(reason.name));
  });
  queue.add("a");
  queue.addAfter("b", 5000);
  await settle();
  await queue[Symbol.asyncDispose]();
  assert.deepEqual(reasons, ["AbortError"]);
  assert.equal(clock.sleepers, 0);
});

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`WorkQueue never handles a key twice at once, and looks at each after its last change (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const changed = new Map(keys.map((key) => [key, 0]));
    const seen = new Map<string, number>();
    const active = new Set<string>();
    const twice: string[] = [];
    let most = 0;
    const { queue, clock } = newQueue(async (key) => {
      if (active.has(key)) twice.push(key);
      active.add(key);
      most = Math.max(most, active.size);
      const state = changed.get(key)!;
      await clock.sleep(random.below(300));
      active.delete(key);
      if (random.next() < 0.2) throw new Error("broken");
      seen.set(key, state);
      return random.next() < 0.2 ? { againInMs: random.below(500) } : undefined;
    }, { concurrency: 4, random: random.next });
    for (let step = 0; step < 400; step++) {
      const key = random.pick(keys);
      changed.set(key, changed.get(key)! + 1);
      if (random.next() < 0.8) queue.add(key);
      else queue.addAfter(key, random.below(400));
      if (random.next() < 0.5) await clock.advance(random.below(60));
    }
    await clock.advance(120_000);
    for (const key of keys) if (changed.get(key)! > 0) assert.equal(seen.get(key), changed.get(key), key);
    assert.deepEqual(twice, []);
    assert.equal(most, 4);
    assert.deepEqual([queue.depth, queue.active, clock.sleepers], [0, 0, 0]);
  });
}
