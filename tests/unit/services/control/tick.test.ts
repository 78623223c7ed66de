import assert from "node:assert/strict";
import { tick, type TickFailure } from "../../../../services/control/tick.ts";
import { Wakeup } from "../../../../lib/util/wakeup.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";

/** A tick on a clock of its own. */
function running(
  handler: (signal: AbortSignal) => Promise<void> | void,
  backoffSchedule?: readonly number[],
) {
  const clock = new FakeClock(5000);
  const abort = new AbortController();
  const failures: TickFailure[] = [];
  const onError = (failure: TickFailure) => void failures.push(failure);
  const wakeup = new Wakeup();
  const { signal } = abort;
  const options = { signal, clock, wakeup, onError, ...(backoffSchedule && { backoffSchedule }) };
  const done = tick("resync", 100, options, handler);
  return { clock, abort, wakeup, failures, done };
}

Deno.test("tick() runs at once, then at each interval from start to start", async () => {
  const startsAt: number[] = [];
  const { clock, abort, done } = running(async () => {
    startsAt.push(clock.now());
    await clock.sleep(30);
  });
  await clock.advance(250);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5100, 5200]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("tick() never overlaps: a long run skips the times that it missed", async () => {
  const startsAt: number[] = [];
  let active = 0;
  const { clock, abort, done } = running(async () => {
    assert.equal(++active, 1);
    startsAt.push(clock.now());
    await clock.sleep(startsAt.length === 1 ? 250 : 0);
    active--;
  });
  await clock.advance(420);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5300, 5400]);
});

Deno.test("tick() tries a failed run again as the schedule says, the last wait again and again, and goes on", async () => {
  const startsAt: number[] = [];
  const { clock, abort, failures, done } = running(() => {
    startsAt.push(clock.now());
    // Thrown, not rejected: both are failures.
    if (startsAt.length <= 4) throw new Error(`no. ${startsAt.length}`);
  }, [10, 40]);
  await clock.advance(350);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5010, 5050, 5090, 5130, 5200, 5300]);
  assert.deepEqual(
    failures.map((
      { name, error, attempt, retryInMs },
    ) => [name, (error as Error).message, attempt, retryInMs]),
    [10, 40, 40, 40].map((wait, index) => ["resync", `no. ${index + 1}`, index + 1, wait]),
  );
});

Deno.test("tick() without a schedule tries a failed run again at its next regular time", async () => {
  const startsAt: number[] = [];
  const { clock, abort, failures, done } = running(() => {
    startsAt.push(clock.now());
    throw new Error("no");
  });
  await clock.advance(150);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5100]);
  assert.deepEqual(failures.map(({ retryInMs }) => retryInMs), [undefined, undefined]);
});

Deno.test("tick() that is woken runs at once: from its wait, from that of a retry, and after the run that goes", async () => {
  const startsAt: number[] = [];
  const { clock, abort, wakeup, done } = running(async () => {
    startsAt.push(clock.now());
    if (startsAt.length === 2) throw new Error("no");
    if (startsAt.length === 3) await clock.sleep(20);
  }, [1000]);
  // Answered by the first run.
  wakeup.wake();
  await clock.advance(30);
  wakeup.wake();
  await clock.advance(30);
  wakeup.wake();
  await clock.advance(10);
  wakeup.wake();
  await clock.advance(115);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5030, 5060, 5080, 5180]);
  assert.equal(clock.sleepers, 0);
});

Deno.test("tick() resolves when it is aborted while it waits for a retry", async () => {
  const { clock, abort, failures, done } = running(() => Promise.reject(new Error("broken")), [10_000]);
  await settle();
  abort.abort();
  await done;
  assert.equal(failures.length, 1);
  assert.equal(clock.sleepers, 0);
});

Deno.test("tick() resolves when a handler that is under way has ended, and reports nothing of its abort", async () => {
  const gate = Promise.withResolvers<void>();
  let told = false;
  const { abort, failures, done } = running(async (signal) => {
    signal.addEventListener("abort", () => told = true);
    await gate.promise;
    signal.throwIfAborted();
  });
  let isDone = false;
  const finished = done.then(() => isDone = true);
  await settle();
  abort.abort();
  await settle();
  assert.deepEqual([told, isDone], [true, false]);
  gate.resolve();
  await finished;
  assert.deepEqual(failures, []);
});

Deno.test("tick() does nothing when it is aborted before", async () => {
  let runs = 0;
  await tick("resync", 100, { signal: AbortSignal.abort() }, () => void runs++);
  assert.equal(runs, 0);
});

Deno.test("tick() waits no longer than its interval when the clock is set back during a run", async () => {
  const startsAt: number[] = [];
  const { clock, abort, done } = running(() => {
    startsAt.push(clock.now());
    if (startsAt.length === 1) clock.set(950);
  });
  await settle();
  await clock.advance(100);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 1050]);
});
