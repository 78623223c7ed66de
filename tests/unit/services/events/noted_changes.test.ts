import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";
import type { FoundDeletions } from "../../../../services/events/change_source.ts";
import { NotedChanges } from "../../../../services/events/noted_changes.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";

Deno.test("NotedChanges gives each note once, to the readers of its kind and instance, with the deletions", async () => {
  const database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const [bots, schedules] = [
    new NotedChanges(records, "bots", "one"),
    new NotedChanges(records, "schedules", "one"),
  ];
  const other = new NotedChanges(records, "bots", "other");
  assert.equal(await bots.poll(), undefined);
  const order = { publishedAt: 1_700_000_000_000 };
  await bots.note({ type: "updated", id: "a", document: { id: "a", config: { secret: 1 } }, order });
  assert.doesNotMatch(JSON.stringify(await records.list("changes")), /secret/);
  assert.equal(await schedules.poll(), undefined);
  assert.equal(await other.poll(), undefined, "an instance takes no note of another one");
  assert.deepEqual(await bots.poll(), []);
  assert.equal(await bots.poll(), undefined);
  await bots.note({ type: "deleted", id: "b", order });
  await schedules.note({ type: "created", id: "c", document: { id: "c" }, order });
  assert.deepEqual(await bots.poll(), [{ type: "deleted", id: "b", order }]);
  assert.deepEqual(await schedules.poll(), []);
  database.close();
});

Deno.test("NotedChanges gives what it has listed although the database goes away while it is removed", async () => {
  const database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const bots = new NotedChanges(records, "bots", "one");
  const order = { publishedAt: 1_700_000_000_000 };
  for (const id of ["a", "b", "c"]) await bots.note({ type: "deleted", id, order });
  const { delete: remove } = records;
  let removed = 0;
  records.delete = (...given) =>
    removed++ === 0 ? remove.apply(records, given) : Promise.reject(new StoreUnavailableError("it is down"));
  const idsOf = (found: FoundDeletions) => found?.map(({ id }) => id).sort();
  assert.deepEqual(idsOf(await bots.poll()), ["a", "b", "c"]);
  records.delete = remove;
  assert.equal((await bots.poll())?.length, 2, "what is left is found again");
  assert.equal(await bots.poll(), undefined);
  database.close();
});
