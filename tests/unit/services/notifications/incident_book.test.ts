import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { IncidentBook, type IncidentBookOptions } from "../../../../services/notifications/incident_book.ts";
import type { Incident } from "../../../../services/notifications/incidents.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

const INCIDENT: Incident = { kind: "bot.failed", bot: "one", severity: "critical", title: "", text: "" };

function bookOf(options: Pick<IncidentBookOptions, "records" | "send" | "clock">): IncidentBook {
  return new IncidentBook({ ...options, scope: "bots.-1", instance: "test" });
}

async function openStore(database: DatabaseSync): Promise<SqliteRecordStore> {
  const records = new SqliteRecordStore(database);
  await records.open();
  return records;
}

Deno.test("IncidentBook finishes what an earlier process has left, although the outbox fails at first", async () => {
  using database = new DatabaseSync(":memory:");
  const records = await openStore(database);
  const clock = new FakeClock();
  const stop = new AbortController();
  const before = bookOf({ records, clock, send: () => Promise.resolve(false) });
  const running = before.run(stop.signal);
  before.open(INCIDENT);
  await until("the record", async () => (await records.list("incidents")).length === 1);
  stop.abort();
  await running;
  let tries = 0;
  const send = () => ++tries === 1 ? Promise.reject(new Error("no database")) : Promise.resolve(true);
  const next = new AbortController();
  const book = bookOf({ records, clock, send });
  await book.load(next.signal);
  const run = book.run(next.signal);
  await until("the first try", () => tries === 1 && clock.sleepers > 0);
  await clock.advance(60_000);
  await until("the second try", () => tries === 2);
  next.abort();
  await run;
});

Deno.test("IncidentBook holds beginnings and ends however much waits for the database", async () => {
  using database = new DatabaseSync(":memory:");
  const records = await openStore(database);
  const sent: string[] = [];
  const book = bookOf({
    records,
    clock: new FakeClock(),
    send: ({ kind }) => {
      sent.push(kind);
      return Promise.resolve(true);
    },
  });
  const happening = { ...INCIDENT, kind: "log.pattern", identity: "" } as const;
  const told = Array.from({ length: 10_001 }, () => book.notify(happening));
  // One is dropped, as the others fill the queue.
  await Promise.race(told);
  book.open(INCIDENT);
  const stop = new AbortController();
  const running = book.run(stop.signal);
  await Promise.all(told);
  await until("the incident", () => sent.includes("bot.failed"));
  assert.equal(sent.length, 10_001);
  stop.abort();
  await running;
});
