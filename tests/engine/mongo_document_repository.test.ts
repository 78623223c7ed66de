import assert from "node:assert/strict";
import { createServer } from "node:net";
import { BSON } from "mongodb";
import { InvalidConfigError, TimeLimitError } from "../../lib/errors.ts";
import { parseBotDocument } from "../../services/documents/bot_document.ts";
import { UnstorableDocumentError } from "../../services/documents/unstorable_document_error.ts";
import { type BotChange, StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import { DELETION_MEMORY_MS } from "../../services/events/event_order.ts";
import { connectMongo } from "../../services/mongo/connect_mongo.ts";
import { BOTS } from "../../services/mongo/mongo_document_kind.ts";
import { MongoDocumentRepository } from "../../services/mongo/mongo_document_repository.ts";
import { MongoCalls } from "../../services/mongo/mongo_calls.ts";
import { MongoPositions } from "../../services/mongo/mongo_positions.ts";
import type { MongoDocumentRepositoryOptions } from "../../services/mongo/mongo_document_repository.ts";
import { readMongoDocument } from "../../services/mongo/mongo_documents.ts";
import { collectLogs } from "../support/collect_logs.ts";
import { testBotRepositoryContract } from "../contract/bot_repository_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

async function makeMongo(options: MongoDocumentRepositoryOptions = {}) {
  const { client, database, name, ...mongo } = makeMongoDatabase();
  const make = () => new MongoDocumentRepository(client, BOTS, { database: name, ...options });
  const repository = make();
  const bots = database.collection("bots");
  return await Promise.resolve({
    client,
    database,
    bots,
    positions: database.collection<{ _id: string }>("berth_bot_positions"),
    repository,
    another: make,
    seed: async (document: Readonly<Record<string, unknown>>) => {
      await bots.insertOne({ ...document });
    },
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await mongo[Symbol.asyncDispose]();
    },
  });
}

/** A server that takes connections and never says a word. */
async function openSilentServer() {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function updated(id: string, sequence: number, config: unknown = { sequence }): BotChange {
  return { type: "updated", id, document: { config }, order: { sequence } };
}

testBotRepositoryContract({ name: "MongoDocumentRepository", make: () => makeMongo() });

Deno.test("MongoDocumentRepository keeps what it needs out of the documents of other programs", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const _id = new BSON.ObjectId();
  await mongo.bots.insertOne({ _id, id: "a", owner: { at: new Date(0) }, config: {} });
  await mongo.repository.apply(updated("a", 1));
  await mongo.repository.apply(updated("b", 1));
  const [a, b] = await mongo.bots.find({}).sort({ id: 1 }).toArray();
  assert.deepEqual(a, { _id, id: "a", owner: { at: new Date(0) }, config: { sequence: 1 } });
  assert.deepEqual(Object.keys(b!).sort(), ["_id", "config", "id"]);
});

Deno.test("MongoDocumentRepository gives plain values", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const at = new Date(1234567890123);
  const document = {
    id: "a",
    at,
    small: BSON.Long.fromNumber(5),
    large: BSON.Long.fromString("9007199254740993"),
    double: new BSON.Double(1),
    owner: new BSON.ObjectId("66f000000000000000000001"),
    uuid: new BSON.UUID("d094254e-2175-49ee-8b36-657c688ddd5e"),
    bytes: new BSON.Binary(new Uint8Array([1, 2])),
    list: [{ n: BSON.Long.fromNumber(7) }],
  };
  await mongo.bots.insertOne(document);
  assert.deepEqual(await mongo.repository.get("a"), {
    id: "a",
    at,
    small: 5,
    large: 9007199254740993n,
    double: 1,
    owner: "66f000000000000000000001",
    uuid: "d094254e-2175-49ee-8b36-657c688ddd5e",
    bytes: new Uint8Array([1, 2]),
    list: [{ n: 7 }],
  });
});

Deno.test("MongoDocumentRepository reads a document with an expression of another language", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.bots.insertOne({
    id: "a",
    search: new BSON.BSONRegExp("(?i)x(?-i)", ""),
    config: {},
    custom: { filePath: "x", config: { entrypoints: { bot: "main.py" } } },
  });
  assert.equal(parseBotDocument((await mongo.repository.list())[0]?.document).status, "valid");
});

Deno.test("MongoDocumentRepository reports documents without a usable id and reads the others", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const one = new BSON.ObjectId();
  await mongo.bots.insertOne({ _id: one, id: 42 });
  await mongo.bots.insertOne({ _id: "two" as never, config: {} });
  await mongo.bots.insertOne({ id: "" });
  await mongo.repository.apply(updated("good", 1));
  const keys = (await mongo.repository.list()).map(({ key }) => key);
  assert.equal(keys.length, 4);
  for (const key of [`(document ${one})`, "(document two)", "good"]) assert.ok(keys.includes(key), key);
});

Deno.test("MongoDocumentRepository takes the newest of documents with the same id, and says so", async () => {
  await using mongo = await makeMongo();
  using logs = collectLogs();
  const versions = [["b", 2000], ["c", 3000], ["a", 1000]] as const;
  for (const [state, updatedAt] of versions) {
    await mongo.bots.insertOne({
      id: "twice",
      config: { state },
      custom: { updatedAt: new Date(updatedAt) },
    });
  }
  await mongo.repository.open();
  assert.match(logs.records[0]?.message.join("") ?? "", /^no unique index on .*bots.*\.id/);
  const state = (document: unknown) => (document as { config: { state: string } }).config.state;
  assert.equal(state(await mongo.repository.get("twice")), "c");
  for (let i = 0; i < 2; i++) {
    assert.deepEqual((await mongo.repository.list()).map(({ document }) => state(document)), ["c"]);
  }
  assert.deepEqual(logs.records.slice(1).map(({ properties }) => properties), [{ ids: ["twice"] }]);

  await mongo.repository.apply(updated("twice", 1, { state: "d" }));
  assert.equal(state(await mongo.repository.get("twice")), "d");
  assert.deepEqual((await mongo.bots.find().toArray()).map(state).sort(), ["a", "b", "d"]);
  await mongo.repository.apply({ type: "deleted", id: "twice", order: { sequence: 2 } });
  assert.deepEqual(await mongo.repository.list(), []);
});

Deno.test("MongoDocumentRepository.open() makes ids unique", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.bots.insertOne({ id: "a" });
  await assert.rejects(mongo.bots.insertOne({ id: "a" }), { code: 11000 });
});

Deno.test("MongoDocumentRepository comes to the right state after a crash between its two writes", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const events: BotChange[] = [
    { ...updated("a", 1), type: "created" } as BotChange,
    updated("a", 2),
    { type: "deleted", id: "a", order: { sequence: 3 } },
    { ...updated("a", 4), type: "created" } as BotChange,
  ];
  for (const event of events) {
    const before = await mongo.positions.findOne({ _id: "a" });
    await mongo.repository.apply(event);
    const document = await mongo.repository.get("a");
    // As if the process had died after the first write: the position is what it was.
    await mongo.positions.deleteMany({});
    if (before) await mongo.positions.insertOne(before);
    await using restarted = mongo.another();
    await restarted.apply(event);
    assert.deepEqual(await restarted.get("a"), document);
    assert.equal(await restarted.apply(event), false);
  }
});

Deno.test("MongoDocumentRepository never moves a position back", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.repository.apply(updated("a", 9));
  // Two processes; this one has read before the other wrote.
  const positions = new MongoPositions({
    collection: mongo.database.collection("berth_bot_positions"),
    calls: new MongoCalls(mongo.client, 15_000),
    now: Date.now,
  });
  await positions.advance({ id: "a", position: { sequence: 8, deleted: true } });
  assert.deepEqual(await positions.get("a"), { sequence: 9, deleted: false });
  await positions.advance({ id: "a", position: { sequence: 9, publishedAt: 5, deleted: false } });
  assert.deepEqual(await positions.get("a"), { sequence: 9, publishedAt: 5, deleted: false });
  // A time counts only until an event with a sequence follows.
  await positions.advance({ id: "a", position: { sequence: 10, deleted: false } });
  assert.deepEqual(await positions.get("a"), { sequence: 10, deleted: false });
});

Deno.test("MongoDocumentRepository applies changes that come together as if they came alone", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const ids = Array.from({ length: 40 }, (_, index) => `bot-${index}`);
  const kept = { note: "of another program" };
  await mongo.bots.insertMany(ids.map((id) => ({ id, config: {}, ...kept })));
  // Nested deeper than the library writes; a loop in it is found before anything is sent.
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  const changes = ids.map((id, index): BotChange => updated(id, index + 1, id === "bot-7" ? loop : { id }));
  const before = ids.map((id, index): BotChange => updated(id, index, { old: true }));
  const results = await Promise.allSettled(changes.map((change) => mongo.repository.apply(change)));
  assert.deepEqual(
    results.flatMap(({ status }, index) => status === "rejected" ? [ids[index]] : []),
    ["bot-7"],
  );
  assert.ok((results[7] as PromiseRejectedResult).reason instanceof UnstorableDocumentError);
  const late = await Promise.all(before.map((change) => mongo.repository.apply(change)));
  assert.deepEqual(late, late.map(() => false));
  const documents = await mongo.bots.find({}, { projection: { _id: 0 } }).toArray();
  const byId = new Map(documents.map((document) => [document.id, document]));
  assert.deepEqual(
    ids.map((id) => byId.get(id)),
    ids.map((id) => ({ id, config: id === "bot-7" ? {} : { id }, ...kept })),
  );
});

Deno.test("MongoDocumentRepository sends changes that come together in few requests", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const ids = Array.from({ length: 32 }, (_, index) => `bot-${index}`);
  await mongo.bots.insertMany(ids.map((id) => ({ id })));
  let sent = 0;
  mongo.client.options.monitorCommands = true;
  mongo.client.on("commandStarted", () => sent++);
  await Promise.all(ids.map((id) => mongo.repository.apply(updated(id, 1))));
  // Alone each takes four. How many come together depends on how fast the server answers.
  assert.ok(sent <= ids.length, `${sent} requests for ${ids.length} changes`);
});

Deno.test("MongoDocumentRepository.open() forgets deletions after 30 days, and nothing else", async () => {
  let now = Date.UTC(2026, 0, 1);
  await using mongo = await makeMongo({ now: () => now });
  await mongo.repository.open();
  await mongo.repository.apply({ type: "deleted", id: "gone", order: { sequence: 9 } });
  await mongo.repository.apply(updated("kept", 9));
  const late = (id: string) => mongo.repository.apply(updated(id, 8));
  now += DELETION_MEMORY_MS;
  await mongo.repository.open();
  assert.deepEqual([await late("gone"), await late("kept")], [false, false]);
  now += 1;
  await mongo.repository.open();
  assert.deepEqual([await late("gone"), await late("kept")], [true, false]);
});

Deno.test("MongoDocumentRepository rejects when nothing listens, and shows no credentials", async () => {
  await using silent = await openSilentServer();
  const { port } = silent;
  await silent[Symbol.asyncDispose]();
  await using client = connectMongo(
    `mongodb://someone:s3cr3t@127.0.0.1:${port}/?serverSelectionTimeoutMS=300&authSource=admin`,
  );
  await using repository = new MongoDocumentRepository(client, BOTS);
  for (
    const call of [
      () => repository.open(),
      () => repository.get("a"),
      () => repository.list(),
      () => repository.apply(updated("a", 1)),
    ]
  ) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof StoreUnavailableError);
      assert.match(
        error.message,
        new RegExp(`^Cannot .* MongoDB at 127\\.0\\.0\\.1:${port} failed: .*MONGO_URI\\.$`),
      );
      assert.ok(error.cause instanceof Error);
      assert.doesNotMatch(Deno.inspect(error, { depth: 30, showHidden: true }), /s3cr3t/);
      return true;
    });
  }
});

Deno.test("MongoDocumentRepository gives a silent server up at its limit, and at once when it is told to", async () => {
  await using silent = await openSilentServer();
  await using client = connectMongo(`mongodb://127.0.0.1:${silent.port}`);
  await using repository = new MongoDocumentRepository(client, BOTS, { limitMs: 200 });
  await assert.rejects(repository.list(), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.ok(error.cause instanceof TimeLimitError);
    return true;
  });

  await using patient = new MongoDocumentRepository(client, BOTS);
  const reason = new Error("given up");
  const calls = [
    (signal: AbortSignal) => patient.open({ signal }),
    (signal: AbortSignal) => patient.list({ signal }),
    (signal: AbortSignal) => patient.apply(updated("a", 1), { signal }),
  ];
  for (const call of calls) {
    const controller = new AbortController();
    const rejection = assert.rejects(call(controller.signal), (error) => error === reason);
    controller.abort(reason);
    await rejection;
  }
  const closed = assert.rejects(patient.list(), { name: "StoreUnavailableError", message: /closed/ });
  await patient[Symbol.asyncDispose]();
  await closed;
});

Deno.test("connectMongo() refuses what is no connection string without showing it", () => {
  for (
    const uri of ["", "127.0.0.1", "http://u:s3cr3t@h", "mongodb://u:s3cr3t@:x", "mongodb://u:s3c@r3t@h:1"]
  ) {
    assert.throws(() => connectMongo(uri), (error) => {
      assert.ok(error instanceof InvalidConfigError);
      assert.match(error.message, /MONGO_URI/);
      assert.doesNotMatch(Deno.inspect(error, { depth: 30, showHidden: true }), /s3c/);
      return true;
    });
  }
});

Deno.test("connectMongo() names an option that there is not", () => {
  assert.throws(() => connectMongo("mongodb://u:s3cr3t@h/?readPreferences=primary"), {
    name: "InvalidConfigError",
    message: /MONGO_URI: option readpreferences is not supported$/,
  });
});

Deno.test("readMongoDocument() reads numbers that no server of a test stores", () => {
  const decimal = (text: string) => BSON.Decimal128.fromString(text);
  const bytes = BSON.serialize({
    id: "a",
    nan: NaN,
    short: decimal("1.50"),
    long: decimal("0.12345678901234567"),
    none: decimal("NaN"),
    time: new BSON.Timestamp({ t: 1, i: 2 }),
  });
  const { time, ...rest } = readMongoDocument(bytes).document;
  assert.deepEqual(rest, { id: "a", nan: NaN, short: 1.5, long: "0.12345678901234567", none: NaN });
  assert.ok(time instanceof BSON.Timestamp);
});

Deno.test("readMongoDocument() reports damaged bytes under the document's id", () => {
  const bytes = BSON.serialize({ _id: 1, id: "bot-1", inner: { text: "xyz" } });
  // The length of the inner text is made far too large.
  const at = new TextDecoder("latin1").decode(bytes).indexOf("xyz") - 4;
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(at, 1_000_000, true);
  const { key, document } = readMongoDocument(bytes);
  assert.equal(key, "bot-1");
  assert.equal((parseBotDocument(document) as { reason: string }).reason.split(":")[0], "document");

  // A text that is not UTF-8 is no reason not to read the rest.
  const text = BSON.serialize({ id: "bot-1", text: "xyz" });
  text[new TextDecoder("latin1").decode(text).indexOf("xyz")] = 0xff;
  assert.deepEqual(readMongoDocument(text).document, { id: "bot-1", text: "\ufffdyz" });
  assert.equal(readMongoDocument(new Uint8Array([9, 9])).key, "(damaged document)");
});

Deno.test("MongoDocumentRepository stores $schema inside a document where the server can, and shows it where it cannot", async () => {
  await using mongo = await makeMongo();
  const { repository, another, bots } = mongo;
  await repository.open();
  const whole = (id: string, fields: object = {}) => ({
    id,
    config: {},
    custom: {
      version: "1",
      filePath: "x",
      config: { entrypoints: { bot: "main.py" }, schema: { bot: { $schema: "http://json-schema.org/x#" } } },
    },
    ...fields,
  });
  await bots.insertMany(["changed", "stopped", "fixed"].map((id) => ({ id, config: { old: true } })));
  const apply = async (type: "created" | "updated", document: { id: string }, sequence: number) => {
    const change: BotChange = { type, id: document.id, document, order: { sequence } };
    try {
      return await repository.apply(change, { newFields: { segment_id: 7 } });
    } catch (error) {
      assert.ok(error instanceof UnstorableDocumentError);
      return undefined;
    }
  };
  const canStore = await apply("created", whole("new"), 1) !== undefined;
  await apply("updated", whole("changed"), 2);
  await apply("updated", whole("stopped", { config: { enabled: false } }), 3);
  await apply("updated", whole("fixed"), 4);
  // Another program writes one anew, and a later event is stored.
  await bots.updateOne({ id: "fixed" }, { $set: { config: { another: 2 } } });
  for (const one of [repository, another()]) {
    const parsed = new Map((await one.list()).map(({ key, document }) => [key, parseBotDocument(document)]));
    assert.deepEqual([...parsed.keys()].sort(), ["changed", "fixed", "new", "stopped"]);
    const reason = (id: string) => {
      const document = parsed.get(id);
      return document?.status === "invalid" ? document.reason : undefined;
    };
    for (const id of canStore ? [] : ["new", "changed", "stopped"]) {
      assert.match(reason(id) ?? "", /cannot be stored: .*custom\.config\.schema\.bot\.\$schema begins with/);
    }
    assert.equal(parsed.get("stopped")?.enabled, false);
    assert.equal(parsed.get("changed")?.enabled, true);
    assert.equal(parsed.get("new")?.segment, 7);
    assert.doesNotMatch(reason("fixed") ?? "", canStore ? /$^/ : /cannot be stored/);
    assert.deepEqual(parsed.get("new"), parseBotDocument(await one.get("new")));
  }
  // An earlier change is old, a later one counts.
  assert.equal(await apply("updated", { ...whole("new"), custom: {} } as { id: string }, 1), false);
  const { custom: _, ...plain } = whole("new", { config: { fixed: true } });
  assert.equal(await apply("updated", plain, 9), true);
  assert.deepEqual((await another().get("new"))?.config, { fixed: true });
  assert.equal(await repository.apply({ type: "deleted", id: "changed", order: { sequence: 10 } }), true);
  assert.deepEqual((await another().list()).map(({ key }) => key).sort(), ["fixed", "new", "stopped"]);
});
