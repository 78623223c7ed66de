import assert from "node:assert/strict";
import type { LogEntry, OutputPiece } from "../../../../lib/engine/container_orchestrator.ts";
import { LogBrake } from "../../../../lib/logs/log_brake.ts";
import { pause, until } from "../../../support/until.ts";

const MIB = 1024 ** 2;
const spool = { maxSizeBytes: 10 * MIB, maxFiles: 3 };
const turn = () => pause(0, "what is due goes on");

/** A container that prints without end, as fast as is read. */
function endless() {
  const seen = { attached: 0, left: 0, given: 0 };
  const piece: OutputPiece = { stream: "stdout", content: new Uint8Array(MIB).fill(0x78) };
  return {
    seen,
    async *attach(_container: string, { signal }: { signal?: AbortSignal } = {}) {
      seen.attached++;
      try {
        while (!signal?.aborted) {
          seen.given++;
          yield [piece];
          await turn();
        }
      } finally {
        seen.left++;
      }
    },
    async *readLog(): AsyncGenerator<readonly LogEntry[]> {},
  };
}

async function settled(read: () => number): Promise<number> {
  let [before, now] = [-1, read()];
  while (now !== before) {
    before = now;
    for (let i = 0; i < 20; i++) await turn();
    now = read();
  }
  return now;
}

Deno.test("LogBrake attaches once much is printed, and reads no faster than is stored", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const brake = new LogBrake({ orchestrator, container: "c", spool, urgentBytes: MIB, storedOfAll: () => 0 });
  brake.apply(MIB - 1);
  assert.equal(seen.attached, 0);
  brake.apply(MIB);
  brake.apply(MIB);
  const first = await settled(() => seen.given);
  assert.deepEqual([seen.attached, first], [1, 1]);
  await brake.during(() => Promise.resolve());
  const second = await settled(() => seen.given);
  assert.ok(second > 1 && second < 15, `${second} MiB`);
  assert.equal(brake.isBusy, true);
  const begin = performance.now();
  brake.stored(3 * MIB, 0);
  const third = await settled(() => seen.given) - second;
  // A piece goes through at each tick, too: on a busy machine there may be some.
  const ticks = Math.ceil((performance.now() - begin) / 250);
  assert.ok(third >= 3 && third <= 3 + ticks, `${third} MiB, ${ticks} ticks`);
  brake.close();
  await settled(() => seen.left);
  assert.equal(seen.left, 1);
  brake.apply(MIB);
  assert.equal(seen.attached, 1, "closed for good");
});

Deno.test("LogBrake lets go when storing fails, until something is stored", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const brake = new LogBrake({ orchestrator, container: "c", spool, urgentBytes: MIB, storedOfAll: () => 0 });
  brake.apply(MIB);
  await assert.rejects(brake.during(() => Promise.reject(new Error("the store is down"))), /down/);
  assert.equal(brake.isBusy, false);
  brake.apply(MIB);
  assert.equal(seen.attached, 1);
  brake.stored(100, 1);
  assert.equal(seen.attached, 2);
  brake.release();
  await settled(() => seen.left);
  assert.equal(seen.left, 2);
});

Deno.test("LogBrake lets go when nothing is stored for a while, but not while it waits for its turn", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const options = { container: "c", spool, urgentBytes: MIB };
  const brake = new LogBrake({ orchestrator, ...options, storedOfAll: () => 0 });
  let storedOfAll = 0;
  const waiting = new LogBrake({ orchestrator: endless(), ...options, storedOfAll: () => storedOfAll++ });
  brake.apply(MIB);
  waiting.apply(MIB);
  const hung = Promise.withResolvers<void>();
  const during = brake.during(() => hung.promise);
  await until("the brake's letting go", () => !brake.isBusy);
  const given = await settled(() => seen.given);
  assert.deepEqual([brake.isBusy, waiting.isBusy], [false, true]);
  // A little is let through meanwhile.
  assert.ok(given > 10 && given < 25, `${given} pieces`);
  assert.equal(await settled(() => seen.left), 1);
  hung.resolve();
  await during;
  waiting.close();
});

Deno.test("LogBrake that cannot attach does not try again at once", async () => {
  let tries = 0;
  const orchestrator = {
    ...endless(),
    // deno-lint-ignore require-yield
    async *attach() {
      tries++;
      await turn();
      throw new Error("the engine is away");
    },
  };
  const brake = new LogBrake({ orchestrator, container: "c", spool, urgentBytes: MIB, storedOfAll: () => 0 });
  brake.apply(MIB);
  await settled(() => tries);
  brake.apply(MIB);
  assert.deepEqual([tries, brake.isBusy], [1, false]);
});

Deno.test("LogBrake lets go when the engine says nothing of the log, as of one whose container exits", async () => {
  const { promise: never, resolve: end } = Promise.withResolvers<void>();
  const entry: LogEntry = {
    stream: "stdout",
    time: "2026-01-31T12:34:56.000000000Z",
    content: new Uint8Array(1),
  };
  const orchestrator = {
    ...endless(),
    async *readLog() {
      yield [entry];
      await never;
    },
  };
  const { seen } = orchestrator;
  const brake = new LogBrake({ orchestrator, container: "c", spool, urgentBytes: MIB, storedOfAll: () => 0 });
  brake.apply(MIB);
  const reading = Array.fromAsync(brake.readLog("c"));
  // Long before its patience with a store ends.
  await until("its letting go", () => seen.left > 0, 4_000);
  assert.equal(seen.left, 1);
  end();
  assert.deepEqual(await reading, [[entry]]);
  brake.close();
});
