import assert from "node:assert/strict";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { SqliteChangeSource } from "../../../../services/sqlite/sqlite_change_source.ts";
import type { ChangeSource } from "../../../../services/events/change_source.ts";
import { PolledBotEvents } from "../../../../services/events/polled_bot_events.ts";
import { testInProcessContract } from "../../../contract/in_process_events_contract.ts";
import { EventRecorder } from "../../../support/event_recorder.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

testInProcessContract(
  "PolledBotEvents",
  () => new PolledBotEvents({ poll: () => undefined }, { disposeMs: 500 }),
);

const deleted = (id: string, publishedAt: number) =>
  ({ type: "deleted", id, order: { publishedAt } }) as const;

Deno.test("PolledBotEvents polls every half second, delivers deletions, and reports a gap for the rest", async () => {
  const clock = new FakeClock(1000);
  let next: ReturnType<ChangeSource["poll"]> | Error;
  const poll = () => {
    const found = next;
    next = undefined;
    if (found instanceof Error) throw found;
    return found;
  };
  const recorder = new EventRecorder();
  const events = new PolledBotEvents({ poll }, { clock });
  events.subscribe(recorder);
  await clock.advance(400);
  const { gaps } = recorder;
  next = [];
  await clock.advance(100);
  assert.deepEqual([recorder.gaps, recorder.taken], [gaps + 1, []]);
  await clock.advance(5000);
  assert.equal(recorder.gaps, gaps + 1, "nothing has changed");
  next = [deleted("a", 5)];
  await clock.advance(500);
  assert.deepEqual([recorder.gaps, recorder.taken], [gaps + 2, [deleted("a", 5)]]);
  next = new Error("the database is locked");
  await clock.advance(500);
  next = [];
  await clock.advance(500);
  assert.equal(recorder.gaps, gaps + 3, "one that failed ends nothing");
  await events[Symbol.asyncDispose]();
  assert.equal(clock.sleepers, 0);
});

Deno.test("SqliteChangeSource tells what other connections have written, and their deletions", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const [own, other] = [1, 2].map(() => connectSqlite(`${folder}/berth.sqlite`)) as [
    ReturnType<typeof connectSqlite>,
    ReturnType<typeof connectSqlite>,
  ];
  try {
    let now = 1_000_000;
    const source = new SqliteChangeSource(own, () => now);
    assert.throws(() => source.poll(), /no such table/);
    const options = { now: () => now };
    const [mine, theirs] = [
      new SqliteDocumentRepository(own, BOTS, options),
      new SqliteDocumentRepository(other, BOTS, options),
    ];
    await mine.open();
    await theirs.open();
    const write = (repository: SqliteDocumentRepository, id: string, publishedAt: number) =>
      repository.apply({ type: "updated", id, document: { id, config: {} }, order: { publishedAt } });
    await write(mine, "before", 1);
    await mine.apply(deleted("before", 2));
    assert.deepEqual(source.poll(), [deleted("before", 2)], "the first poll gives all that are remembered");
    assert.equal(source.poll(), undefined);
    now += 120_000;
    await write(mine, "own", 1);
    await mine.apply(deleted("own", 2));
    assert.equal(source.poll(), undefined, "its own are no news");
    await write(theirs, "a", 3);
    assert.deepEqual(source.poll()?.map(({ id }) => id), ["before", "own"], "deletions since the last news");
    now += 120_000;
    await theirs.apply(deleted("a", 4));
    assert.deepEqual(source.poll()?.filter(({ id }) => id !== "own"), [deleted("a", 4)]);
    now += 120_000;
    await write(theirs, "a", 5);
    assert.deepEqual(source.poll(), [], "what is there again is not deleted");
    assert.equal(source.poll(), undefined);
  } finally {
    own.close();
    other.close();
    await Deno.remove(folder, { recursive: true });
  }
});
