import assert from "node:assert/strict";
import { join } from "node:path";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRunRepository } from "../../../../services/sqlite/sqlite_run_repository.ts";
import type { RunRecord } from "../../../../services/schedules/run_repository.ts";
import { collectLogs } from "../../../support/collect_logs.ts";
import { testRunRepositoryContract } from "../../../contract/run_repository_contract.ts";

async function makeSqlite() {
  const root = await Deno.makeTempDir();
  const path = join(root, "berth.sqlite");
  const database = connectSqlite(path);
  const repository = new SqliteRunRepository(database);
  return {
    path,
    database,
    repository,
    another: () => new SqliteRunRepository(database),
    // deno-lint-ignore require-await -- the fixture's form
    damage: async (id: string, field: string, value: string) => {
      database.prepare(`UPDATE runs SET ${field} = ? WHERE id = ?`).run(value, id);
    },
    claimerArgs: ["sqlite", path],
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      database.close();
      await Deno.remove(root, { recursive: true });
    },
  };
}

function recordOf(id: string): RunRecord {
  const at = new Date(1000);
  return {
    id,
    scheduleId: "a",
    slot: 1,
    trigger: "schedule",
    state: "claimed",
    instance: "one",
    seenAt: at,
    claimedAt: at,
    attempt: 0,
  };
}

testRunRepositoryContract({ name: "SqliteRunRepository", make: makeSqlite });

Deno.test("SqliteRunRepository inserts all records or none", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const broken = { ...recordOf("b"), claimedAt: new Date(NaN) };
  await assert.rejects(sqlite.repository.insert([recordOf("a"), broken]), { name: "StoreUnavailableError" });
  assert.deepEqual(await sqlite.repository.list("a"), []);
});

Deno.test("SqliteRunRepository says that another process holds the database, and goes on afterwards", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  using other = connectSqlite(sqlite.path);
  other.exec("BEGIN IMMEDIATE");
  await assert.rejects(sqlite.repository.insert([recordOf("a")]), {
    name: "StoreUnavailableError",
    message: "Cannot claim 1 runs in the embedded database: database is locked.",
  });
  other.exec("ROLLBACK");
  assert.deepEqual(await sqlite.repository.insert([recordOf("a")]), new Set(["a"]));
});

Deno.test("SqliteRunRepository tells once of a damaged record", async () => {
  await using sqlite = await makeSqlite();
  using logs = collectLogs();
  await sqlite.repository.open();
  await sqlite.repository.insert([recordOf("a"), recordOf("b")]);
  await sqlite.damage("a", "schedule_id", "");
  for (let i = 0; i < 3; i++) assert.equal((await sqlite.repository.listOpen()).length, 1);
  assert.deepEqual(logs.records.map(({ properties }) => properties), [{ run: "a" }]);
});

Deno.test("SqliteRunRepository reads by an index what is open and what is a schedule's", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const seen: string[] = [];
  const { prepare } = sqlite.database;
  sqlite.database.prepare = (sql: string) => {
    seen.push(sql);
    return prepare.call(sqlite.database, sql);
  };
  await sqlite.repository.list("a");
  await sqlite.repository.listOpen();
  await sqlite.repository.listOpen({ scheduleId: "a" });
  await sqlite.repository.touch("one", new Date());
  const after = { slot: 1, id: "a" };
  await sqlite.repository.page({ after });
  await sqlite.repository.page({ scheduleId: "a", after, from: 0 });
  const plans = seen.map((sql) =>
    prepare.call(sqlite.database, `EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail)).join(
      "; ",
    )
  );
  assert.match(plans[0]!, /^SEARCH runs USING INDEX runs_by_schedule \(schedule_id=\?\)$/);
  assert.match(plans[1]!, /^SCAN runs USING INDEX runs_open;/);
  assert.match(plans[2]!, /^SEARCH runs USING INDEX runs_(open|by_schedule) \(schedule_id=\?\)/);
  assert.match(plans[3]!, /^SCAN runs USING INDEX runs_open$/);
  assert.match(plans[4]!, /^SEARCH runs USING INDEX runs_by_slot \(.*<.*\)$/);
  assert.match(plans[5]!, /^SEARCH runs USING INDEX runs_by_schedule \(schedule_id=\? AND .*\)$/);
});
