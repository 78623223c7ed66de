import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openedEvent } from "../../../../services/notifications/notification_event.ts";
import { Outbox } from "../../../../services/notifications/outbox.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";

const DAY_MS = 86_400_000;

function event(now: number) {
  const incident = { kind: "bot.oom", bot: "one", severity: "warning", title: "", text: "" } as const;
  return openedEvent(incident, { instance: "test", now, suffix: "00" });
}

Deno.test("Outbox holds an event once for each channel, also after it was delivered", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const outbox = new Outbox(records, "bots.-1");
  for (let n = 0; n < 2; n++) {
    for (const channel of ["hook", "phone"]) await outbox.add(event(0), channel, 0);
  }
  assert.equal(outbox.size, 2);
  await outbox.end(outbox.waitingFor("hook")[0]!, "delivered", 1);
  await outbox.add(event(0), "hook", 2);
  assert.deepEqual(outbox.channels(), ["phone"]);
  const next = new Outbox(records, "bots.-1");
  await next.load(new AbortController().signal);
  assert.deepEqual(next.channels(), ["phone"]);
  const other = new Outbox(records, "schedules.main");
  await other.load(new AbortController().signal);
  assert.equal(other.size, 0);
});

Deno.test("Outbox forgets past deliveries after two weeks", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const outbox = new Outbox(records, "bots.-1");
  const now = Date.UTC(2026, 0, 31);
  for (const days of [20, 1]) {
    await outbox.add(event(now - days * DAY_MS), "hook", now);
    await outbox.end(outbox.waitingFor("hook")[0]!, "delivered", now);
  }
  await outbox.expire(now);
  assert.deepEqual((await outbox.past({ limit: 10 })).map(({ event }) => event.time), [
    "2026-01-30T00:00:00.000Z",
  ]);
});

Deno.test("Outbox keeps what it has stored although the answer was lost", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  let losses = 1;
  const losing = new Proxy(records, {
    get(target, name) {
      const method = Reflect.get(target, name).bind(target);
      if (name !== "insert") return method;
      return async (...args: unknown[]) => {
        const answer = await method(...args);
        if (losses-- > 0) throw new Error("the answer is lost");
        return answer;
      };
    },
  });
  const outbox = new Outbox(losing, "bots.-1");
  await assert.rejects(outbox.add(event(0), "hook", 0), /lost/);
  await outbox.add(event(0), "hook", 0);
  assert.equal(outbox.waitingFor("hook").length, 1);
});

Deno.test("Outbox keeps what waits in the order of the events, however it comes and goes", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const outbox = new Outbox(records, "bots.-1");
  for (const n of [5, 1, 9, 3, 7, 1]) await outbox.add(event(n * 1000), "hook", 0);
  const seconds = () => outbox.waitingFor("hook").map(({ event }) => Number(event.time.slice(17, 19)));
  assert.deepEqual(seconds(), [1, 3, 5, 7, 9]);
  const all = [...outbox.waitingFor("hook")];
  for (const index of [2, 0, 4]) await outbox.end(all[index]!, "delivered", 1);
  assert.deepEqual(seconds(), [3, 7]);
  assert.equal(outbox.hasten({ ...all[3]!, dueAt: 5 }), true);
  assert.equal(outbox.hasten(all[0]!), false);
  assert.deepEqual(outbox.waitingFor("hook").map(({ dueAt }) => dueAt), [0, 5]);
});
