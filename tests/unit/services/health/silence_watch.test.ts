import assert from "node:assert/strict";
import { SilenceWatch } from "../../../../services/health/silence_watch.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

interface WatchOptions {
  readonly graceMs?: number;
  readonly confirm?: () => Promise<boolean>;
}

function open({ graceMs = 0, confirm = () => Promise.resolve(true) }: WatchOptions = {}) {
  const clock = new FakeClock(0);
  const silent: number[] = [];
  const ending = new AbortController();
  const watch = new SilenceWatch({
    maxSilenceMs: 10_000,
    graceEndsAt: clock.monotonic() + graceMs,
    confirm,
    onSilent: (silentMs) => silent.push(silentMs),
    clock,
  });
  const running = watch.run(ending.signal);
  const end = async () => {
    ending.abort();
    await running;
  };
  return { clock, silent, watch, [Symbol.asyncDispose]: end };
}

Deno.test("SilenceWatch tells of silence once, at its limit, and again after a signal", async () => {
  await using one = open();
  const { clock, silent, watch } = one;
  watch.setHearing(true);
  await clock.advance(9999);
  assert.deepEqual(silent, []);
  await clock.advance(1);
  await clock.advance(60_000);
  assert.deepEqual([silent, watch.isSilent], [[10_000], true]);
  watch.hear();
  assert.equal(watch.isSilent, false);
  await clock.advance(10_000);
  assert.deepEqual(silent, [10_000, 10_000]);
});

Deno.test("SilenceWatch gives full time after each signal", async () => {
  await using one = open();
  const { clock, silent, watch } = one;
  watch.setHearing(true);
  for (let n = 0; n < 5; n++) {
    await clock.advance(9000);
    watch.hear();
  }
  await clock.advance(9999);
  assert.deepEqual(silent, []);
  await clock.advance(1);
  assert.deepEqual(silent, [10_000]);
});

Deno.test("SilenceWatch does not count the grace period, which readiness ends", async () => {
  for (const isReady of [false, true]) {
    await using one = open({ graceMs: 30_000 });
    const { clock, silent, watch } = one;
    watch.setHearing(true);
    await clock.advance(5000);
    if (isReady) watch.endGrace();
    await clock.advance(10_000);
    assert.equal(silent.length, isReady ? 1 : 0);
    await clock.advance(25_000);
    assert.equal(silent.length, 1);
  }
});

Deno.test("SilenceWatch counts no time in which nothing can be heard", async () => {
  await using one = open();
  const { clock, silent, watch } = one;
  await clock.advance(60_000);
  watch.setHearing(true);
  await clock.advance(9000);
  watch.setHearing(false);
  await clock.advance(60_000);
  watch.setHearing(true);
  await clock.advance(9999);
  assert.deepEqual(silent, []);
  await clock.advance(1);
  assert.equal(silent.length, 1);
});

Deno.test("SilenceWatch gives full time again if this process was stopped", async () => {
  await using one = open();
  const { clock, silent, watch } = one;
  watch.setHearing(true);
  await clock.advance(5000);
  clock.freeze(60_000);
  await clock.advance(9999);
  assert.deepEqual(silent, []);
  await clock.advance(1);
  assert.equal(silent.length, 1);
});

Deno.test("SilenceWatch makes sure before it tells, and gives full time if it cannot", async () => {
  const answers: (() => Promise<boolean>)[] = [
    () => Promise.reject(new Error("the engine is down")),
    () => Promise.resolve(false),
  ];
  let heard = false;
  await using one = open({
    confirm: () => {
      const answer = answers.shift();
      if (answer) return answer();
      if (!heard) one.watch.hear();
      heard = true;
      return Promise.resolve(true);
    },
  });
  const { clock, silent, watch } = one;
  watch.setHearing(true);
  await clock.advance(39_999);
  assert.deepEqual(silent, []);
  await clock.advance(1);
  assert.deepEqual(silent, [10_000]);
});
