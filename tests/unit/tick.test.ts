import assert from "node:assert/strict";
import { tick, type TickFailure } from "../../services/tick.ts";
import { FakeClock, settle } from "../fake_clock.ts";

/** A tick on a clock of its own. */
function running(
  handler: (signal: AbortSignal) => Promise<void> | void,
  backoffSchedule: readonly number[] = [],
) {
  const clock = new FakeClock(5000);
  const abort = new AbortController();
  const failures: TickFailure[] = [];
  const onError = (failure: TickFailure) => void failures.push(failure);
  const done = tick("resync", 100, { signal: abort.signal, backoffSchedule, clock, onError }, handler);
  return { clock, abort, failures, done };
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

Deno.test("tick() tries a failed run again as the schedule says, reports each, and goes on", async () => {
  const startsAt: number[] = [];
  const { clock, abort, failures, done } = running(() => {
    startsAt.push(clock.now());
    // Thrown, not rejected: both are failures.
    if (startsAt.length <= 3) throw new Error(`no. ${startsAt.length}`);
  }, [10, 20]);
  await clock.advance(250);
  abort.abort();
  await done;
  assert.deepEqual(startsAt, [5000, 5010, 5030, 5100, 5200]);
  assert.deepEqual(
    failures.map((
      { name, error, attempt, retryInMs },
    ) => [name, (error as Error).message, attempt, retryInMs]),
    [["resync", "no. 1", 1, 10], ["resync", "no. 2", 2, 20], ["resync", "no. 3", 3, undefined]],
  );
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
