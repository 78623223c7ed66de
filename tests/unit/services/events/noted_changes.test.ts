import assert from "node:assert/strict";
import { NotedChanges } from "../../../../services/events/noted_changes.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";

Deno.test("NotedChanges gives each note once, to the readers of its kind, with the deletions", async () => {
  const database = connectSqlite(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const [bots, schedules] = [new NotedChanges(records, "bots"), new NotedChanges(records, "schedules")];
  assert.equal(await bots.poll(), undefined);
  const order = { publishedAt: 1_700_000_000_000 };
  await bots.note({ type: "updated", id: "a", document: { id: "a", config: { secret: 1 } }, order });
  assert.doesNotMatch(JSON.stringify(await records.list("changes")), /secret/);
  assert.equal(await schedules.poll(), undefined);
  assert.deepEqual(await bots.poll(), []);
  assert.equal(await bots.poll(), undefined);
  await bots.note({ type: "deleted", id: "b", order });
  await schedules.note({ type: "created", id: "c", document: { id: "c" }, order });
  assert.deepEqual(await bots.poll(), [{ type: "deleted", id: "b", order }]);
  assert.deepEqual(await schedules.poll(), []);
  database.close();
});
