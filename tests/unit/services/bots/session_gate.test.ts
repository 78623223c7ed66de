import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { KeptSessions } from "../../../../services/bots/kept_sessions.ts";
import { SessionGate } from "../../../../services/bots/session_gate.ts";
import { CalendarBook } from "../../../../services/calendars/calendar_book.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { until } from "../../../support/until.ts";
import { readBotSettings } from "../../../../services/documents/bot_settings.ts";

function ask(session: Record<string, unknown> | undefined, at: string) {
  const now = Date.parse(at);
  const gate = new SessionGate({
    calendars: new CalendarBook(undefined, () => now),
    clock: { now: () => now },
  });
  const problems: string[] = [];
  const { settings } = readBotSettings(session ? { session } : {}, problems);
  assert.deepEqual(problems, []);
  return gate.ask({ id: "a", settings });
}

const xnys = { calendar: "XNYS", start: "-10m", end: "+5m" };

test("a bot without a session may run at any time", () => {
  assert.deepEqual(ask(undefined, "2026-12-25T12:00:00Z"), {});
});

test("a bot runs from its start to its end, and the gate is asked again at that second", () => {
  assert.deepEqual(ask(xnys, "2026-11-30T14:20:00Z"), { againInMs: 3_600_000 });
  assert.deepEqual(ask(xnys, "2026-11-30T21:04:59Z"), { againInMs: 1000 });
  const over = ask(xnys, "2026-11-30T21:05:00Z");
  assert.deepEqual(over.refusal, {
    condition: {
      type: "outside-session",
      reason: "XNYS has no session now",
      until: new Date("2026-12-01T14:20:00Z"),
    },
    stop: { why: "session over", cause: "as its session of XNYS is over" },
  });
  assert.equal(ask(xnys, "2026-11-30T14:19:59.250Z").againInMs, 750);
});

test("an early close ends a session early, and a holiday has none", () => {
  assert.equal(ask(xnys, "2026-11-27T18:05:00Z").refusal?.condition.type, "outside-session");
  const { condition } = ask(xnys, "2026-11-26T15:00:00Z").refusal!;
  assert.deepEqual("until" in condition && condition.until, new Date("2026-11-27T14:20:00Z"));
});

test("a bot runs through a lunch break, and from session to session where they touch", () => {
  assert.equal(ask({ calendar: "XTKS" }, "2026-11-30T12:00:00+09:00").refusal, undefined);
  assert.equal(ask({ calendar: "CMES" }, "2026-11-30T17:00:00-06:00").refusal, undefined);
  assert.equal(
    ask({ calendar: "CMES" }, "2026-11-29T16:59:59-06:00").refusal?.condition.type,
    "outside-session",
  );
  // A pause that the bot asks for.
  const paused = ask({ calendar: "CMES", start: "+10m" }, "2026-11-30T17:00:00-06:00");
  assert.equal(paused.againInMs, 600_000);
  assert.ok(paused.refusal?.stop);
});

test("after its calendar has ended, a bot is neither stopped nor started", () => {
  const { refusal, againInMs } = ask({ calendar: "XSHG" }, "2027-01-04T03:00:00Z");
  assert.deepEqual(refusal, {
    condition: {
      type: "waiting",
      for: "a newer calendar: the calendar XSHG ends on 2026-12-31, and nothing is guessed after that",
    },
  });
  assert.equal(againInMs, undefined);
});

test("a session ends also for a bot whose document is broken when Berth begins, and is forgotten with it", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const begin = async () => {
    const gate = new SessionGate({
      calendars: new CalendarBook(undefined, () => Date.parse("2026-11-30T21:05:00Z")),
      clock: { now: () => Date.parse("2026-11-30T21:05:00Z") },
      kept: new KeptSessions(records),
    });
    await gate.open(new AbortController().signal);
    return gate;
  };
  const { settings } = readBotSettings({ session: xnys }, []);
  const gate = await begin();
  assert.equal(gate.ask({ id: "a" }).refusal, undefined, "nothing is known of it");
  gate.ask({ id: "a", settings });
  assert.ok(gate.ask({ id: "a" }).refusal?.stop, "at once");
  await until("it is stored", async () => (await records.list("sessions")).length === 1);
  const next = await begin();
  assert.equal(next.ask({ id: "a" }).refusal?.stop?.why, "session over");
  assert.equal(next.ask({ id: "b" }).refusal, undefined);
  next.ask({ id: "a", settings: {} });
  assert.equal(next.ask({ id: "a" }).refusal, undefined);
  await until("it is forgotten", async () => (await records.list("sessions")).length === 0);
});
