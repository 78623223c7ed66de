import assert from "node:assert/strict";
import type { OutputPiece } from "../../../../lib/engine/container_orchestrator.ts";
import { LogBackpressure } from "../../../../lib/logs/log_backpressure.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { pause } from "../../../support/until.ts";

const MIB = 1024 ** 2;
const spool = { maxSizeBytes: 10 * MIB, maxFiles: 3 };
const OPTIONS = {
  container: "c",
  spool,
  urgentBytes: MIB,
  storedOfAll: () => 0,
  onBusy: () => {},
  clock: new FakeClock(),
};
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

Deno.test("LogBackpressure attaches once much is printed, and reads no faster than is stored", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator });
  backpressure.attachIfUrgent(MIB - 1);
  assert.equal(seen.attached, 0);
  backpressure.attachIfUrgent(MIB);
  backpressure.attachIfUrgent(MIB);
  const first = await settled(() => seen.given);
  assert.deepEqual([seen.attached, first], [1, 1]);
  await backpressure.duringShipment(() => Promise.resolve());
  const second = await settled(() => seen.given);
  assert.ok(second > 1 && second < 15, `${second} MiB`);
  assert.equal(backpressure.isBusy, true);
  backpressure.recordStored(3 * MIB, 0);
  assert.equal(await settled(() => seen.given) - second, 3);
  backpressure.close();
  await settled(() => seen.left);
  assert.equal(seen.left, 1);
  backpressure.attachIfUrgent(MIB);
  assert.equal(seen.attached, 1, "closed for good");
});

Deno.test("LogBackpressure lets go when storing fails, until something is stored", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator });
  backpressure.attachIfUrgent(MIB);
  await assert.rejects(
    backpressure.duringShipment(() => Promise.reject(new Error("the store is down"))),
    /down/,
  );
  assert.equal(backpressure.isBusy, false);
  backpressure.attachIfUrgent(MIB);
  assert.equal(seen.attached, 1);
  backpressure.recordStored(100, 1);
  assert.equal(seen.attached, 2);
  backpressure.release();
  await settled(() => seen.left);
  assert.equal(seen.left, 2);
});

Deno.test("LogBackpressure lets go when nothing is stored for a while, but not while it waits for its turn", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const clock = new FakeClock();
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator, clock });
  let storedOfAll = 0;
  const waiting = new LogBackpressure({
    ...OPTIONS,
    orchestrator: endless(),
    clock,
    storedOfAll: () => storedOfAll++,
  });
  backpressure.attachIfUrgent(MIB);
  waiting.attachIfUrgent(MIB);
  const hung = Promise.withResolvers<void>();
  const during = backpressure.duringShipment(() => hung.promise);
  const step = async () => {
    await settled(() => seen.given);
    await clock.advance(250);
  };
  for (let ms = 0; ms < 4_750; ms += 250) await step();
  assert.deepEqual([backpressure.isBusy, waiting.isBusy], [true, true]);
  await step();
  const given = await settled(() => seen.given);
  assert.deepEqual([backpressure.isBusy, waiting.isBusy], [false, true]);
  // A little is let through meanwhile.
  assert.ok(given > 10 && given < 25, `${given} pieces`);
  assert.equal(await settled(() => seen.left), 1);
  hung.resolve();
  await during;
  waiting.close();
});

Deno.test("LogBackpressure that cannot attach does not try again at once", async () => {
  let tries = 0;
  const orchestrator = {
    ...endless(),
    // deno-lint-ignore require-yield
    async *attach() {
      tries++;
      await turn();
      throw new Error("the engine is down");
    },
  };
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator });
  backpressure.attachIfUrgent(MIB);
  await settled(() => tries);
  backpressure.attachIfUrgent(MIB);
  assert.deepEqual([tries, backpressure.isBusy], [1, false]);
});

Deno.test("LogBackpressure lets go when the engine says nothing of the log, as of one whose container exits", async () => {
  const orchestrator = endless();
  const { seen } = orchestrator;
  const clock = new FakeClock();
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator, clock });
  backpressure.attachIfUrgent(MIB);
  await settled(() => seen.given);
  backpressure.recordEngineWait(true);
  await clock.advance(750);
  backpressure.recordEngineWait(false);
  await clock.advance(750);
  backpressure.recordEngineWait(true);
  await clock.advance(750);
  assert.equal(await settled(() => seen.left), 0);
  // Long before it gives up a store.
  await clock.advance(500);
  assert.equal(await settled(() => seen.left), 1);
  backpressure.close();
});

Deno.test("LogBackpressure reports that enough was printed to be stored", async () => {
  const orchestrator = endless();
  let reports = 0;
  const backpressure = new LogBackpressure({ ...OPTIONS, orchestrator, onBusy: () => reports++ });
  backpressure.attachIfUrgent(MIB);
  assert.ok(await settled(() => reports) > 0);
  backpressure.close();
});
