import assert from "node:assert/strict";
import { systemClock } from "../../../../lib/util/clock.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";

Deno.test("systemClock.sleep() waits as long as it is told", async () => {
  const startedAt = performance.now();
  await systemClock.sleep(20);
  // Timers count whole milliseconds from the event loop's own time.
  assert.ok(performance.now() - startedAt >= 18);
});

Deno.test({
  name: "systemClock.sleep() rejects with the signal's reason and leaves no timer",
  sanitizeOps: true,
  fn: async () => {
    const reason = new Error("enough");
    await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason);
    const abort = new AbortController();
    const sleep = systemClock.sleep(60_000, abort.signal);
    abort.abort(reason);
    await assert.rejects(sleep, reason);
  },
});

Deno.test("systemClock.sleep() leaves nothing on a signal that lives longer", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    addEventListener.apply(signal, args as Parameters<typeof addEventListener>);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    removeEventListener.apply(signal, args as Parameters<typeof removeEventListener>);
  };
  const sleep = systemClock.sleep(1, signal);
  assert.equal(listeners, 1);
  await sleep;
  assert.equal(listeners, 0);
});

Deno.test("systemClock.sleep() does not end at once when it is longer than a timer can be", async () => {
  const abort = new AbortController();
  let isOver = false;
  const sleep = systemClock.sleep(2 ** 31, abort.signal).then(() => isOver = true);
  await systemClock.sleep(10);
  assert.equal(isOver, false);
  abort.abort(new Error("enough"));
  await assert.rejects(sleep, /enough/);
});

Deno.test("FakeClock.advance() wakes in the order of time, those too that begin to wait meanwhile", async () => {
  const clock = new FakeClock(1000);
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push([name, clock.now()]);
  };
  sleep("late", 30);
  sleep("early", 10).then(() => sleep("after early", 10));
  await clock.advance(25);
  assert.deepEqual(woken, [["early", 1010], ["after early", 1020]]);
  assert.equal(clock.now(), 1025);
  assert.equal(clock.sleepers, 1);
  await clock.advance(5);
  assert.deepEqual(woken.at(-1), ["late", 1030]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("FakeClock.set() moves the time, and nobody's wait", async () => {
  const clock = new FakeClock(1000);
  let isAwake = false;
  clock.sleep(10).then(() => isAwake = true);
  clock.set(5000);
  await settle();
  assert.equal(isAwake, false);
  await clock.advance(10);
  assert.equal(isAwake, true);
});
