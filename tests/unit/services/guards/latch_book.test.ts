import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Latch } from "../../../../services/guards/latch.ts";
import { LatchBook } from "../../../../services/guards/latch_book.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

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

Deno.test("LatchBook keeps a stop in its file until the database has it, whatever becomes of an earlier alert", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const latchFile = `${folder}/latches.json`;
    const clock = new FakeClock();
    let takes: readonly unknown[] = [];
    const stored: unknown[] = [];
    const records = {
      get: () => Promise.resolve(),
      insert: (_collection: string, _id: string, { latch }: { latch: Latch }) => {
        if (!takes.includes(latch.action)) return Promise.reject(new Error("away"));
        stored.push(latch.action);
        return Promise.resolve(true);
      },
    };
    const book = new LatchBook({ records: records as unknown as RecordStore, clock, latchFile });
    await book.trip(ALERT);
    await book.trip({ ...ALERT, at: "2026-01-01T00:00:01Z", action: "stop" });
    takes = ["alert"];
    await clock.advance(60_000);
    assert.deepEqual(stored, [], "nobody needs the alert any more");
    assert.equal(book.get(ALERT)!.isStored, false);
    assert.match(await Deno.readTextFile(latchFile), /"stop"/);
    takes = ["alert", "stop"];
    await clock.advance(60_000);
    await until("the file is gone", async () => (await Array.fromAsync(Deno.readDir(folder))).length === 0);
    assert.deepEqual(stored, ["stop"]);
    assert.equal(book.get(ALERT)!.isStored, true);
    await book[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("LatchBook takes a stop of another process although it knows an alert of the same guard", async () => {
  const stop = { ...ALERT, at: "2026-01-01T00:00:01Z", action: "stop" };
  const records = {
    get: () => Promise.resolve(),
    insert: () => Promise.resolve(true),
    list: () => Promise.resolve([{ id: "bot/equity", revision: 1, value: { latch: stop } }]),
  };
  const book = new LatchBook({ records: records as unknown as RecordStore, clock: new FakeClock() });
  await book.trip(ALERT);
  await book.reload("bot", new AbortController().signal);
  assert.deepEqual(book.open("bot").map(({ action }) => action), ["stop"]);
  await book[Symbol.asyncDispose]();
});

Deno.test("LatchBook.reload() of many bots at once reads the latches of each", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const clock = new FakeClock();
  const names = ["a", "a.b", "b", "c"];
  await using writer = new LatchBook({ records, clock });
  for (const bot of names) await writer.trip({ ...ALERT, bot });
  await using reader = new LatchBook({ records, clock });
  const { signal } = new AbortController();
  await Promise.all(["a", "b", "none"].map((bot) => reader.reload(bot, signal)));
  assert.deepEqual(reader.open().map(({ bot }) => bot).sort(), ["a", "b"]);
});
