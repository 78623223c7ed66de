import assert from "node:assert/strict";
import type { BotDocument, BotRepository } from "../../../../services/documents/bot_repository.ts";
import { KnownDocuments } from "../../../../services/documents/known_documents.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const MAX_AGE_MS = 60_000;

/** A database, a second connection of another program to it, and how often all documents were read. */
async function openWorld() {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const databases = [connectSqlite(`${folder}/one.sqlite`), connectSqlite(`${folder}/one.sqlite`)];
  const [own, other] = databases.map((database) => new SqliteDocumentRepository(database, BOTS));
  await own!.open();
  const reads = { lists: 0, gets: [] as string[] };
  const slow: { until?: Promise<void>; begun?: () => void } = {};
  const counted = new Proxy(own!, {
    get(target, name) {
      if (name === "list") {
        return async (...args: Parameters<BotRepository["list"]>) => {
          reads.lists++;
          return await target.list(...args);
        };
      }
      if (name === "get") {
        return async (id: string) => {
          reads.gets.push(id);
          const document = await target.get(id);
          slow.begun?.();
          await slow.until;
          return document;
        };
      }
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const clock = new FakeClock();
  const documents = new KnownDocuments(counted, clock);
  return {
    documents,
    other: other!,
    reads,
    slow,
    clock,
    known: async (maxAgeMs = MAX_AGE_MS) =>
      (await documents.known({ maxAgeMs })).map(({ key, document }) => `${key} ${document.version}`).sort(),
    async [Symbol.asyncDispose]() {
      for (const database of databases) database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const document = (id: string, version: number): BotDocument => ({ id, version });
const created = (id: string, version: number) =>
  ({ type: "created", id, order: {}, document: document(id, version) }) as const;
const updated = (id: string, version: number) =>
  ({ type: "updated", id, order: {}, document: document(id, version) }) as const;
const deleted = (id: string) => ({ type: "deleted", id, order: {} }) as const;

Deno.test("KnownDocuments lists from memory until the last full read is too old", async () => {
  await using world = await openWorld();
  await world.other.apply(created("a", 1));
  assert.deepEqual(await world.known(), ["a 1"]);
  assert.deepEqual(await world.known(), ["a 1"]);
  assert.equal(world.reads.lists, 1);
  await world.other.apply(created("b", 1));
  assert(await world.other.apply(deleted("a")));
  assert.deepEqual(await world.known(), ["a 1"]);
  await world.clock.advance(MAX_AGE_MS);
  assert.deepEqual(await world.known(), ["b 1"]);
  assert.equal(world.reads.lists, 2);
});

Deno.test("KnownDocuments always lists what was written and read through it", async () => {
  await using world = await openWorld();
  const { documents, other, reads } = world;
  assert.deepEqual(await world.known(), []);
  await (await documents.write(created("a", 1))).positionSaved;
  await documents.apply(created("b", 1));
  await documents.apply(created("c", 1));
  assert.deepEqual(await world.known(), ["a 1", "b 1", "c 1"]);
  await documents.write(updated("a", 2));
  await documents.write(deleted("b"));
  assert.deepEqual(await world.known(), ["a 2", "c 1"]);
  await other.apply(updated("c", 2));
  await documents.get("c");
  assert.deepEqual(await world.known(), ["a 2", "c 2"]);
  assert.equal(reads.lists, 1);
});

Deno.test("KnownDocuments is not set back by an answer that comes late", async () => {
  await using world = await openWorld();
  const { documents, slow } = world;
  await world.known();
  await documents.write(created("a", 1));
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  Object.assign(slow, { until: answer.promise, begun: begun.resolve });
  const late = documents.get("a");
  await begun.promise;
  await documents.write(updated("a", 2));
  answer.resolve();
  assert.equal((await late)?.version, 1);
  assert.deepEqual(await world.known(), ["a 2"]);
});

Deno.test("KnownDocuments reads a document again whose write failed", async () => {
  await using world = await openWorld();
  const { documents, other, reads } = world;
  await documents.write(created("a", 1));
  await world.known();
  await other.apply(updated("a", 2));
  const failing = documents.write(updated("a", 3), { signal: AbortSignal.abort(new Error("given up")) });
  await assert.rejects(failing, /given up/);
  assert.deepEqual(await world.known(), ["a 2"]);
  assert.deepEqual(reads.gets, ["a"]);
});
