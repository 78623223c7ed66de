import assert from "node:assert/strict";
import type { Latch } from "../../../../services/guards/latch.ts";
import { LatchBook } from "../../../../services/guards/latch_book.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ALERT: Latch = {
  bot: "bot",
  guard: "equity",
  at: "2026-01-01T00:00:00Z",
  action: "alert",
  text: "x",
  limit: 10,
  lastLines: [],
};

Deno.test("LatchBook keeps a stop that comes while an alert of the same guard is being stored", async () => {
  const first = Promise.withResolvers<boolean>();
  const inserts = [first.promise, new Promise<boolean>(() => {})];
  const records = { get: () => Promise.resolve(), insert: () => inserts.shift()! };
  const book = new LatchBook({ records: records as unknown as RecordStore, clock: new FakeClock() });
  const alert = book.trip(ALERT);
  const stop = book.trip({ ...ALERT, action: "stop" });
  first.resolve(true);
  assert.equal(await alert, true);
  assert.deepEqual(book.open("bot").map(({ action }) => action), ["stop"]);
  assert.equal(await book.trip(ALERT), false);
  assert.equal(await stop, true);
  assert.equal(book.get(ALERT)!.isSettled, true, "the database has failed to take it");
  await book[Symbol.asyncDispose]();
});
