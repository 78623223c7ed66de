import assert from "node:assert/strict";
import { MongoClient } from "mongodb";
import { type BotChange, StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import { connectMongo } from "../../services/mongo/connect_mongo.ts";
import { BOTS } from "../../services/mongo/mongo_document_kind.ts";
import { MongoDocumentRepository } from "../../services/mongo/mongo_document_repository.ts";
import { mongoUri } from "../support/servers/mongo_fixture.ts";
import { TcpProxy } from "../support/servers/tcp_proxy.ts";

/** A repository that reaches the server through a proxy, which is closed. */
async function makeProxy() {
  const uri = mongoUri();
  const direct = new MongoClient(uri);
  const { host, port } = direct.options.hosts[0]!;
  const proxy = new TcpProxy({ host: host ?? "127.0.0.1", port: port ?? 27017 });
  await proxy.open();
  await proxy.cut();
  const through = new URL(uri.replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]*/, `$1${proxy.address}`));
  through.searchParams.set("directConnection", "true");
  through.searchParams.set("serverSelectionTimeoutMS", "300");
  const client = connectMongo(through.href);
  const database = `berth_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const repository = new MongoDocumentRepository(client, BOTS, { database });
  return {
    proxy,
    repository,
    bots: direct.db(database).collection("bots"),
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await client.close();
      await proxy.cut();
      await direct.db(database).dropDatabase();
      await direct.close();
    },
  };
}

function updated(id: string, sequence: number): BotChange {
  return { type: "updated", id, document: { config: { sequence } }, order: { sequence } };
}

Deno.test("MongoDocumentRepository serves as soon as a server that was not there at first comes up", async () => {
  await using mongo = await makeProxy();
  for (let i = 0; i < 2; i++) await assert.rejects(mongo.repository.open(), StoreUnavailableError);
  await mongo.proxy.open();
  await mongo.repository.open();
  assert.equal(await mongo.repository.apply(updated("a", 1)), true);
  assert.equal((await mongo.repository.list()).length, 1);
});

Deno.test("MongoDocumentRepository serves again when its server has been away", async () => {
  await using mongo = await makeProxy();
  await mongo.proxy.open();
  await mongo.repository.open();
  for (let i = 1; i <= 2; i++) {
    assert.equal(await mongo.repository.apply(updated("a", i)), true);
    await mongo.proxy.cut();
    await assert.rejects(mongo.repository.list(), StoreUnavailableError);
    await assert.rejects(mongo.repository.get("a"), StoreUnavailableError);
    await assert.rejects(mongo.repository.apply(updated("a", i + 1)), StoreUnavailableError);
    await mongo.proxy.open();
    assert.deepEqual((await mongo.repository.get("a"))?.config, { sequence: i });
  }
});

Deno.test("MongoDocumentRepository.list() gives every document or none when the connection breaks halfway", async () => {
  await using mongo = await makeProxy();
  await mongo.proxy.open();
  const documents = Array.from({ length: 250 }, (_, i) => ({ id: `bot-${i}`, data: "x".repeat(2000) }));
  await mongo.bots.insertMany(documents);
  assert.equal((await mongo.repository.list()).length, documents.length);
  await mongo.proxy.cut();
  // The first answer has 101 documents, about 200 KB.
  mongo.proxy.limit = 300_000;
  await mongo.proxy.open();
  await assert.rejects(mongo.repository.list(), StoreUnavailableError);
  mongo.proxy.limit = Infinity;
  assert.equal((await mongo.repository.list()).length, documents.length);
});
