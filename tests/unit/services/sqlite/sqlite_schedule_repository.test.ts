import assert from "node:assert/strict";
import { join } from "node:path";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { SqliteScheduleRepository } from "../../../../services/sqlite/sqlite_schedule_repository.ts";
import { NEVER, readExecutionTime } from "../../../../services/schedules/schedule_repository.ts";
import { unreadableReason } from "../../../../services/documents/unreadable_document.ts";
import { testBotRepositoryContract } from "../../../contract/bot_repository_contract.ts";
import { testScheduleRepositoryContract } from "../../../contract/schedule_repository_contract.ts";

async function makeSqlite() {
  const root = await Deno.makeTempDir();
  const database = connectSqlite(join(root, "berth.sqlite"));
  const repository = new SqliteScheduleRepository(database);
  const insert = (id: string, text: string) =>
    database.prepare("INSERT INTO bot_schedules (id, document) VALUES (?, ?)").run(id, text);
  return {
    database,
    repository,
    insert,
    text: (id: string) =>
      database.prepare("SELECT document FROM bot_schedules WHERE id = ?").get(id)?.document,
    another: () => new SqliteScheduleRepository(database),
    // deno-lint-ignore require-await -- the fixture's form
    seed: async (document: Readonly<Record<string, unknown>>) => {
      insert(document.id as string, JSON.stringify(document));
    },
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      database.close();
      await Deno.remove(root, { recursive: true });
    },
  };
}

testBotRepositoryContract({ name: "SqliteScheduleRepository as one of documents", make: makeSqlite });
testScheduleRepositoryContract({ name: "SqliteScheduleRepository", make: makeSqlite });

Deno.test("SqliteScheduleRepository and SqliteDocumentRepository share a database and nothing in it", async () => {
  await using sqlite = await makeSqlite();
  await using bots = new SqliteDocumentRepository(sqlite.database, BOTS);
  await Promise.all([sqlite.repository.open(), bots.open()]);
  const change = (state: string, sequence: number) =>
    ({ type: "updated", id: "a", document: { config: { state } }, order: { sequence } }) as const;
  assert.equal(await bots.apply(change("bot", 9)), true);
  assert.equal(await sqlite.repository.apply(change("schedule", 1)), true);
  assert.deepEqual((await bots.list()).map(({ document }) => document.config), [{ state: "bot" }]);
  await bots.apply({ type: "deleted", id: "a", order: { sequence: 10 } });
  assert.deepEqual((await sqlite.repository.get("a"))?.config, { state: "schedule" });
});

Deno.test("SqliteScheduleRepository.advance() writes an integer, and leaves all other text as it is", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const rest = '"big":12345678901234567890123,"e":"\\u00e9","d":1.10,"id":"a"';
  sqlite.insert("a", `{"next_execution_time":5.0,${rest}}`);
  assert.equal(await sqlite.repository.advance("a", 5, NEVER), true);
  assert.equal(sqlite.text("a"), `{"next_execution_time":${NEVER},${rest}}`);
});

Deno.test("SqliteScheduleRepository.due() leaves damaged documents out, which list() gives", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const texts = ["", "{", "[]", "null", '"text"', "5", '{"next_execution_time":NaN}'];
  for (const text of texts) sqlite.insert(`damaged ${text}`, text);
  sqlite.insert("huge", '{"next_execution_time":1e999}');
  sqlite.insert("good", '{"next_execution_time":7}');
  assert.deepEqual((await sqlite.repository.due(7, 100)).map(({ key }) => key), ["huge", "good"]);
  assert.equal((await sqlite.repository.list()).length, texts.length + 2);
  assert.equal(await sqlite.repository.nextDueAfter(7), undefined);
  for (const text of texts) {
    const found = await sqlite.repository.find(`damaged ${text}`);
    assert.notEqual(unreadableReason(found!.document), undefined);
    assert.equal(found!.nextExecutionTime, undefined);
    for (const from of [undefined, NEVER]) {
      await sqlite.repository.advance(`damaged ${text}`, from, 8);
      assert.equal(sqlite.text(`damaged ${text}`), text);
    }
  }
});

Deno.test("SqliteScheduleRepository reads by the index only what is due", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const seen: string[] = [];
  const { prepare } = sqlite.database;
  sqlite.database.prepare = (sql: string) => {
    seen.push(sql);
    return prepare.call(sqlite.database, sql);
  };
  await sqlite.repository.due(5, 10);
  await sqlite.repository.nextDueAfter(5);
  assert.equal(seen.length, 3);
  for (const sql of seen) {
    const plan = prepare.call(sqlite.database, `EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => detail);
    assert.equal(plan.length, 1, `${plan}`);
    assert.match(String(plan[0]), /^SEARCH bot_schedules USING (COVERING )?INDEX bot_schedules_by_time \(/);
  }
});

Deno.test("readExecutionTime() takes what is a time from 1970 to NEVER", () => {
  for (const value of [1, 1.9, 1_790_000_000, NEVER, NEVER + 0.5]) {
    assert.equal(readExecutionTime(value), Math.floor(value));
  }
  const others = [undefined, null, "5", 5n, NaN, Infinity, 0, 0.9, -1, NEVER + 1, [5], new Date(5), true, {}];
  for (const value of others) assert.equal(readExecutionTime(value), undefined);
});

Deno.test("SqliteScheduleRepository.open() adds its tables to a database that has bots only", async () => {
  await using sqlite = await makeSqlite();
  sqlite.database.exec(
    `CREATE TABLE bots (id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
     CREATE TABLE bot_positions (id TEXT PRIMARY KEY, sequence INTEGER, updated_at REAL, deleted INTEGER NOT NULL,
       written_at INTEGER NOT NULL) STRICT;
     INSERT INTO bots VALUES ('a', '{"id":"a"}');
     PRAGMA user_version = 1`,
  );
  await sqlite.repository.open();
  assert.deepEqual(await sqlite.repository.list(), []);
  await using bots = new SqliteDocumentRepository(sqlite.database, BOTS);
  await bots.open();
  assert.deepEqual((await bots.list()).map(({ key }) => key), ["a"]);
});
