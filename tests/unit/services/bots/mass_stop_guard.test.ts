import assert from "node:assert/strict";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MassStopGuard } from "../../../../services/bots/mass_stop_guard.ts";

/** `bot-0` … `bot-(count - 1)`. */
function bots(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `bot-${from + index}`);
}

Deno.test("MassStopGuard holds a vanished bot until the next full read, which releases it", () => {
  const guard = new MassStopGuard();
  assert.match(guard.whyHeld("bot-0")!, /until a full read/);
  const { held, released, message } = guard.review({ bots: bots(20), documents: bots(19, 1) });
  assert.deepEqual([[...held], [...released], message], [[], ["bot-0"], undefined]);
  assert.equal(guard.whyHeld("bot-0"), undefined);
});

Deno.test("MassStopGuard holds all when more than half of ten or more vanish, until three full reads agree", () => {
  const guard = new MassStopGuard();
  const read = { bots: bots(10), documents: bots(4) };
  for (const missing of ["2 more full reads", "1 more full read agrees"]) {
    const { held, released, message } = guard.review(read);
    assert.deepEqual([...held], bots(6, 4));
    assert.deepEqual([...released], []);
    assert.match(message!, new RegExp(missing));
    assert.match(message!, /6 of 10 bots.*bot-4, bot-5, bot-6, bot-7, bot-8, ….*ALLOW_MASS_STOP=1/);
    assert.match(guard.whyHeld("bot-4")!, /together with those of 5 other bots/);
  }
  const { held, released, message } = guard.review(read);
  assert.deepEqual([[...held], [...released], message], [[], bots(6, 4), undefined]);
  assert.equal(guard.whyHeld("bot-4"), undefined);
});

Deno.test("MassStopGuard does not count reads that come close together as agreeing", async () => {
  const clock = new FakeClock(1_000);
  const guard = new MassStopGuard({ apartMs: 100, clock });
  const held = () => guard.review({ bots: bots(10), documents: [] }).held.size;
  for (let read = 0; read < 5; read++) assert.equal(held(), 10);
  await clock.advance(100);
  for (let read = 0; read < 5; read++) assert.equal(held(), 10);
  await clock.advance(99);
  assert.equal(held(), 10);
  await clock.advance(1);
  assert.equal(held(), 0);
});

Deno.test("MassStopGuard does not hold half of them, nor nine of nine in a store that has others", () => {
  const half = new MassStopGuard().review({ bots: bots(10), documents: bots(5) });
  assert.deepEqual([...half.released], bots(5, 5));
  const few = new MassStopGuard().review({ bots: bots(9), documents: ["other"] });
  assert.deepEqual([...few.released], bots(9));
});

Deno.test("MassStopGuard holds from one bot on where the store is empty, or new", () => {
  const cases = [
    { guard: new MassStopGuard(), documents: [] },
    { guard: new MassStopGuard({ isNewStore: () => true }), documents: ["other"] },
  ];
  for (const { guard, documents } of cases) {
    for (let read = 0; read < 2; read++) {
      const { held, message } = guard.review({ bots: bots(1), documents });
      assert.deepEqual([...held], ["bot-0"]);
      assert.match(message!, /documents of 1 of 1 bots are gone/);
      assert.match(
        guard.whyHeld("bot-0")!,
        /^its document vanished; the bot is kept until 3 full reads in a row agree/,
      );
    }
    assert.deepEqual([...guard.review({ bots: bots(1), documents }).released], ["bot-0"]);
  }
});

Deno.test("MassStopGuard never stops for an empty store what does not say that it comes from there", () => {
  const guard = new MassStopGuard();
  const read = { bots: bots(3), unmarked: ["bot-0"], documents: [] };
  for (let count = 0; count < 2; count++) assert.equal(guard.review(read).held.size, 3);
  for (let count = 0; count < 3; count++) {
    const { held, message } = guard.review(read);
    assert.deepEqual([...held], ["bot-0"]);
    assert.match(message!, /The document store is empty/);
    assert.deepEqual([guard.whyHeld("bot-1"), guard.whyHeld("bot-2")], [undefined, undefined]);
    assert.match(guard.whyHeld("bot-0")!, /the container does not say that it comes from there/);
  }
  guard.reportDeleted("bot-0");
  assert.equal(guard.whyHeld("bot-0"), undefined);
});

Deno.test("MassStopGuard releases at once what was said to be deleted, before any read and during a hold", () => {
  const guard = new MassStopGuard();
  for (const id of bots(50)) guard.reportDeleted(id);
  assert.equal(guard.whyHeld("bot-0"), undefined);
  assert.deepEqual([...guard.review({ bots: bots(50), documents: [] }).held], []);

  const holding = new MassStopGuard();
  holding.review({ bots: bots(20), documents: [] });
  for (const id of bots(15)) holding.reportDeleted(id);
  assert.equal(holding.whyHeld("bot-14"), undefined);
  assert.notEqual(holding.whyHeld("bot-15"), undefined);
  // The rest is few now, and still nobody said that it is deleted.
  const second = holding.review({ bots: bots(20), documents: [] });
  assert.deepEqual([...second.held], bots(5, 15));
  const third = holding.review({ bots: bots(5, 15), documents: [] });
  assert.deepEqual([...third.released], bots(5, 15), "what was said does not break the agreement");
});

Deno.test("MassStopGuard keeps what was said through a read that began before it", () => {
  const guard = new MassStopGuard();
  for (const id of bots(20)) guard.reportDeleted(id);
  guard.review({ bots: [], documents: bots(20) });
  assert.deepEqual([...guard.review({ bots: bots(20), documents: [] }).held], []);
});

Deno.test("MassStopGuard begins to count anew when reads disagree", () => {
  const guard = new MassStopGuard();
  guard.review({ bots: bots(12), documents: [] });
  guard.review({ bots: bots(12), documents: [] });
  assert.equal(guard.review({ bots: bots(12), documents: bots(2) }).held.size, 10);
  assert.equal(guard.review({ bots: bots(12), documents: bots(2) }).held.size, 10);
  assert.equal(guard.review({ bots: bots(12), documents: bots(2) }).held.size, 0);
});

Deno.test("MassStopGuard forgets a hold when the documents are back", () => {
  const guard = new MassStopGuard();
  guard.review({ bots: bots(12), documents: [] });
  guard.review({ bots: bots(12), documents: [] });
  const back = guard.review({ bots: bots(12), documents: bots(12) });
  assert.deepEqual([back.held.size, back.released.size, back.message], [0, 0, undefined]);
  assert.equal(guard.review({ bots: bots(12), documents: [] }).held.size, 12);
});

Deno.test("MassStopGuard goes on holding when bots end meanwhile and fewer than ten are left", () => {
  const guard = new MassStopGuard();
  guard.review({ bots: bots(10), documents: [] });
  assert.equal(guard.review({ bots: bots(8), documents: [] }).held.size, 8);
  const third = guard.review({ bots: bots(7), documents: [] });
  assert.equal(third.held.size, 0, "a container that is gone does not break the agreement");
});

Deno.test("MassStopGuard does not hold again what it has released and is not stopped yet", () => {
  const guard = new MassStopGuard();
  for (let read = 0; read < 3; read++) guard.review({ bots: bots(30), documents: [] });
  const { held, released } = guard.review({ bots: bots(25), documents: [] });
  assert.deepEqual([held.size, released.size], [0, 25]);
  assert.equal(guard.whyHeld("bot-0"), undefined);
});

Deno.test("MassStopGuard.reportWritten() cancels a deletion that was reported or confirmed", () => {
  const guard = new MassStopGuard();
  guard.reportDeleted("bot-0");
  guard.review({ bots: bots(20), documents: bots(18) });
  assert.deepEqual([guard.whyHeld("bot-0"), guard.whyHeld("bot-19")], [undefined, undefined]);
  guard.reportWritten("bot-0");
  guard.reportWritten("bot-19");
  assert.notEqual(guard.whyHeld("bot-0"), undefined);
  assert.notEqual(guard.whyHeld("bot-19"), undefined);
});

Deno.test("MassStopGuard with allowMassStop holds nothing", () => {
  const guard = new MassStopGuard({ allowMassStop: true });
  assert.equal(guard.whyHeld("bot-0"), undefined);
  const { held, released } = guard.review({ bots: bots(50), documents: [] });
  assert.deepEqual([held.size, released.size], [0, 50]);
});
