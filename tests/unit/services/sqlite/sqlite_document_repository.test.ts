import assert from "node:assert/strict";
import { join } from "node:path";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { type BotChange, StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";
import { DELETION_MEMORY_MS } from "../../../../services/events/event_order.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { UnstorableDocumentError } from "../../../../services/documents/unstorable_document_error.ts";
import { testBotRepositoryContract } from "../../../contract/bot_repository_contract.ts";

async function makeSqlite(now?: () => number) {
  const root = await Deno.makeTempDir();
  const path = join(root, "data", "berth", "berth.db");
  const database = connectSqlite(path);
  const repository = new SqliteDocumentRepository(database, BOTS, { ...(now && { now }) });
  const insert = (id: string, text: string) =>
    database.prepare("INSERT INTO bots (id, document) VALUES (?, ?)").run(id, text);
  return {
    root,
    path,
    database,
    repository,
    insert,
    another: () => new SqliteDocumentRepository(database, BOTS, { ...(now && { now }) }),
    // deno-lint-ignore require-await -- the fixture's form
    seed: async (document: Readonly<Record<string, unknown>>) => {
      insert(document.id as string, JSON.stringify(document));
    },
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      if (database.isOpen) database.close();
      await Deno.remove(root, { recursive: true });
    },
  };
}

function updated(id: string, sequence: number, config: unknown = { sequence }): BotChange {
  return { type: "updated", id, document: { config }, order: { sequence } };
}

testBotRepositoryContract({ name: "SqliteDocumentRepository", make: () => makeSqlite() });

Deno.test("connectSqlite() makes a folder and files that only their owner can read", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  const mode = (...parts: string[]) => (Deno.statSync(join(sqlite.root, ...parts)).mode ?? 0) & 0o777;
  assert.deepEqual([mode("data"), mode("data", "berth")], [0o700, 0o700]);
  const files = [...Deno.readDirSync(join(sqlite.root, "data", "berth"))].map(({ name }) => name).sort();
  assert.deepEqual(files, ["berth.db", "berth.db-shm", "berth.db-wal"]);
  for (const file of files) assert.equal(mode("data", "berth", file), 0o600, file);
});

Deno.test("connectSqlite() says which file is no database, and leaves it alone", async () => {
  await using sqlite = await makeSqlite();
  const path = join(sqlite.root, "notes.txt");
  const text = "not a database, ".repeat(100);
  await Deno.writeTextFile(path, text);
  assert.throws(() => connectSqlite(path), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /notes\.txt': .*not a database/);
    return true;
  });
  assert.equal(await Deno.readTextFile(path), text);
  assert.throws(() => connectSqlite(join(path, "berth.db")), StoreUnavailableError);
});

Deno.test("SqliteDocumentRepository.open() refuses a database of a newer version and changes nothing", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  await sqlite.repository.apply(updated("a", 1));
  const version = sqlite.database.prepare("PRAGMA user_version").get()?.user_version;
  sqlite.database.exec("PRAGMA user_version = 1000");
  await assert.rejects(sqlite.another().open(), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /berth\.db' has form 1000, .*Update Berth/);
    return true;
  });
  sqlite.database.exec(`PRAGMA user_version = ${version}`);
  await sqlite.another().open();
  assert.equal((await sqlite.repository.list()).length, 1);
});

Deno.test("SqliteDocumentRepository.open() leaves no half of the tables", async () => {
  await using sqlite = await makeSqlite();
  // In the way of the second table.
  sqlite.database.exec("CREATE TABLE bot_positions (id TEXT)");
  await assert.rejects(sqlite.repository.open(), StoreUnavailableError);
  assert.deepEqual(sqlite.database.prepare("SELECT name FROM sqlite_schema").all().map(({ name }) => name), [
    "bot_positions",
  ]);
  sqlite.database.exec("DROP TABLE bot_positions");
  await sqlite.repository.open();
});

Deno.test("SqliteDocumentRepository reports a damaged row under its id and reads the others", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  sqlite.insert("damaged", '{"id":"damaged","config":{"key":"s3cret"');
  sqlite.insert("nan", '{"id":"nan","config":{"x":NaN}}');
  sqlite.insert("list", "[]");
  sqlite.insert("renamed", '{"id":"other"}');
  await sqlite.repository.apply(updated("good", 1));
  const bots = await sqlite.repository.list();
  assert.deepEqual(bots.map(({ key }) => key), ["damaged", "good", "list", "nan", "renamed"]);
  for (const { key, document } of bots.filter(({ key }) => ["damaged", "nan", "list"].includes(key))) {
    const { segment: _, ...rest } = parseBotDocument(document) as { segment?: number };
    assert.deepEqual(rest, {
      status: "invalid",
      key,
      enabled: true,
      reason: "document: its row in the database holds no JSON object. Write the document again",
    });
    assert.deepEqual(await sqlite.repository.get(key), document);
  }
  assert.equal(bots[4]?.document.id, "renamed");
  assert.equal(await sqlite.repository.apply(updated("damaged", 1)), true);
  assert.deepEqual(await sqlite.repository.get("damaged"), { id: "damaged", config: { sequence: 1 } });
});

Deno.test("SqliteDocumentRepository keeps a date as a string and every digit of an integer, and refuses what it would lose", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  await sqlite.repository.apply(updated("a", 1, { at: new Date(0) }));
  assert.deepEqual((await sqlite.repository.get("a"))?.config, { at: "1970-01-01T00:00:00.000Z" });
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  await sqlite.repository.apply(updated("long", 1, { account: 1234567890123456789n, small: 1n }));
  const { account, small } = (await sqlite.repository.get("long"))!.config as Record<string, unknown>;
  assert.deepEqual([account, small], [1234567890123456789n, 1]);
  for (const value of [NaN, Infinity, circle]) {
    await assert.rejects(sqlite.repository.apply(updated("a", 2, { value })), UnstorableDocumentError);
  }
  // Nothing of it was written, its place in the order included.
  assert.equal(await sqlite.repository.apply(updated("a", 2)), true);
});

Deno.test("SqliteDocumentRepository writes a document and its place in the order together or not at all", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  await sqlite.repository.apply(updated("a", 1));
  sqlite.database.exec(
    "CREATE TRIGGER fault BEFORE INSERT ON bot_positions BEGIN SELECT RAISE(ABORT, 'disk broke'); END",
  );
  await assert.rejects(sqlite.repository.apply(updated("a", 2)), {
    name: "StoreUnavailableError",
    message: "Cannot write bot 'a' in the embedded database: disk broke.",
  });
  assert.deepEqual((await sqlite.repository.get("a"))?.config, { sequence: 1 });
  sqlite.database.exec("DROP TRIGGER fault");
  assert.equal(await sqlite.repository.apply(updated("a", 2)), true);
});

Deno.test("SqliteDocumentRepository says that another process holds the database, and goes on afterwards", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  using other = connectSqlite(sqlite.path);
  other.exec("BEGIN IMMEDIATE");
  await assert.rejects(sqlite.repository.apply(updated("a", 1)), {
    name: "StoreUnavailableError",
    message: /database is locked/,
  });
  assert.deepEqual(await sqlite.repository.list(), []);
  other.exec("ROLLBACK");
  assert.equal(await sqlite.repository.apply(updated("a", 1)), true);
});

Deno.test("SqliteDocumentRepository rejects when its database is closed", async () => {
  await using sqlite = await makeSqlite();
  await sqlite.repository.open();
  sqlite.database.close();
  await assert.rejects(sqlite.repository.list(), StoreUnavailableError);
  await assert.rejects(sqlite.repository.get("a"), StoreUnavailableError);
  await assert.rejects(sqlite.repository.apply(updated("a", 1)), StoreUnavailableError);
});

Deno.test("SqliteDocumentRepository.open() forgets deletions after 30 days, and nothing else", async () => {
  let now = Date.UTC(2026, 0, 1);
  await using sqlite = await makeSqlite(() => now);
  await sqlite.repository.open();
  await sqlite.repository.apply({ type: "deleted", id: "gone", order: { sequence: 9 } });
  await sqlite.repository.apply(updated("kept", 9));
  const late = (id: string) => sqlite.repository.apply(updated(id, 8));
  now += DELETION_MEMORY_MS;
  await sqlite.repository.open();
  assert.deepEqual([await late("gone"), await late("kept")], [false, false]);
  now += 1;
  await sqlite.repository.open();
  assert.deepEqual([await late("gone"), await late("kept")], [true, false]);
});
