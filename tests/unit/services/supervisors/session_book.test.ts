import assert from "node:assert/strict";
import type { WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { RequestBox } from "../../../../services/supervisors/request_box.ts";
import { SessionBook } from "../../../../services/supervisors/session_book.ts";

const ORDER = { id: "0123456789abcdef0123456789abcdef" } as WorkOrder;
const TAKER = { task: "t", node: "n", nonce: "a".repeat(64) };
const MINUTE = 60_000;

/** Records of two processes, at a time that the test sets. */
async function twoProcesses() {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const database = connectSqlite(`${folder}/berth.sqlite`);
  const records = new SqliteRecordStore(database);
  await records.open();
  const time = { passedMs: 0 };
  const clock = {
    ...systemClock,
    now: () => Date.now() + time.passedMs,
    monotonic: () => performance.now() + time.passedMs,
  };
  return {
    records,
    clock,
    time,
    one: new SessionBook(records, clock),
    other: new SessionBook(records, clock),
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("an order is taken up once, and its token counts in every process until its time is over", async () => {
  await using world = await twoProcesses();
  const { one, other, time } = world;
  const token = (await one.begin(ORDER, TAKER, {}))!;
  assert.equal(await other.begin(ORDER, { ...TAKER, nonce: "b".repeat(64) }, {}), undefined);
  assert.equal(await other.begin(ORDER, { ...TAKER, task: "u" }, {}), undefined);
  assert.equal((await other.verify(token))?.order, ORDER.id);
  assert.equal(await other.verify(`${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`), undefined);
  assert.equal(await other.verify("anything"), undefined);
  const { session } = (await one.verify(token))!;
  assert.equal(await one.renewToken(ORDER.id, session), undefined);
  time.passedMs = 16 * MINUTE;
  const next = (await one.renewToken(ORDER.id, session))!;
  // The answer with the new one may be lost.
  assert(await other.verify(token));
  assert(await other.verify(next));
  time.passedMs = 31 * MINUTE;
  assert.equal(await other.verify(token), undefined);
  assert(await other.verify(next));
  time.passedMs = 90 * MINUTE;
  assert.equal(await one.verify(next), undefined);
  // A supervisor that was not reached for long takes its order up again.
  const again = (await one.begin(ORDER, TAKER, {}))!;
  assert(await other.verify(again));
  await other.update(ORDER.id, (session) => ({
    ...session,
    end: { cause: "exited", exitCode: 0, isKilled: false, isOutOfMemory: false, at: "" },
  }));
  assert.equal(await one.begin(ORDER, TAKER, {}), undefined);
  await other.remove(ORDER.id);
  time.passedMs += MINUTE;
  assert.equal(await one.verify(again), undefined);
});

Deno.test("a wrong token makes the database be read once a second", async () => {
  await using world = await twoProcesses();
  const { one, records, clock } = world;
  const token = (await one.begin(ORDER, TAKER, {}))!;
  let reads = 0;
  const counted = new SessionBook(
    Object.assign(Object.create(records), {
      get: (...args: Parameters<typeof records.get>) => {
        if (args[0] === "supervisor_sessions") reads++;
        return records.get(...args);
      },
    }),
    clock,
  );
  const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
  for (let tries = 0; tries < 100; tries++) assert.equal(await counted.verify(wrong), undefined);
  assert.equal(reads, 1);
  assert(await counted.verify(token));
  assert.equal(reads, 1);
});

Deno.test("the start of a program is recorded once by several processes, and removed with its session", async () => {
  await using world = await twoProcesses();
  const { one, other, records } = world;
  const token = (await one.begin(ORDER, TAKER, {}))!;
  const startedAt = "2026-01-31T09:00:00.000Z";
  const state = { from: "empty" } as const;
  await other.verify(token);
  await one.started(ORDER.id, { state });
  await other.started(ORDER.id, { state: { from: "kept" }, startedAt });
  await one.started(ORDER.id, { startedAt: "2026-01-31T10:00:00.000Z" });
  for (const book of [one, other, new SessionBook(records, world.clock)]) {
    const { session } = (await book.verify(token))!;
    assert.equal(session.task, TAKER.task);
    assert.deepEqual((await book.read(ORDER.id))?.state, state);
    assert.equal((await book.read(ORDER.id))?.startedAt, startedAt);
  }
  await one.update(ORDER.id, (session) => ({ ...session, stopReason: "asked" }));
  assert.equal((await other.read(ORDER.id))?.startedAt, startedAt);
  await one.remove(ORDER.id);
  assert.equal(await other.read(ORDER.id), undefined);
  assert.deepEqual(await records.list("supervisor_starts"), []);
  // A renewal that was under way.
  await one.started(ORDER.id, { startedAt });
  assert.deepEqual(await records.list("supervisor_starts"), []);
});

Deno.test("a request reaches a supervisor that comes to another process, and so does its answer", async () => {
  await using world = await twoProcesses();
  const [asking, serving] = [
    new RequestBox(world.records, world.clock),
    new RequestBox(world.records, world.clock),
  ];
  const asked = asking.ask(ORDER.id, { kind: "snapshot" }, { limitMs: 10_000 });
  let request;
  while (!request) {
    await world.clock.sleep(5);
    world.time.passedMs += 1000;
    [request] = await serving.requestsOf(ORDER.id);
  }
  assert.equal(request.kind, "snapshot");
  const answer = { id: request.id, end: "done", output: "name" } as const;
  // Nobody answers for another order.
  await serving.take("f".repeat(32), answer);
  await serving.take(ORDER.id, answer);
  assert.deepEqual(await serving.requestsOf(ORDER.id), []);
  assert.deepEqual(await asked, answer);
  assert.deepEqual(await world.records.list("supervisor_requests"), []);
  assert.deepEqual(await world.records.list("supervisor_answers"), []);
});

Deno.test("a session that another process has removed is known for half a minute, or for fifteen where its age is no matter", async () => {
  await using world = await twoProcesses();
  const { one, other, time } = world;
  const token = (await one.begin(ORDER, TAKER, {}))!;
  assert(await other.verify(token));
  await one.remove(ORDER.id);
  time.passedMs = 29_000;
  assert(await other.verify(token));
  time.passedMs = 31_000;
  assert(await other.verify(token, { canBeOld: true }));
  assert.equal(await other.verify(token), undefined);
  const again = (await one.begin(ORDER, TAKER, {}))!;
  assert(await other.verify(again));
  await one.remove(ORDER.id);
  time.passedMs += 15 * MINUTE - 1000;
  assert(await other.verify(again, { canBeOld: true }));
  time.passedMs += 2000;
  assert.equal(await other.verify(again, { canBeOld: true }), undefined);
});
