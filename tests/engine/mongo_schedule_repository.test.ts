import assert from "node:assert/strict";
import { BSON, type Document } from "mongodb";
import { connectMongo } from "../../services/mongo/connect_mongo.ts";
import { MongoScheduleRepository } from "../../services/mongo/mongo_schedule_repository.ts";
import { NEVER, type StoredSchedule } from "../../services/schedules/schedule_repository.ts";
import { collectLogs } from "../support/collect_logs.ts";
import { testBotRepositoryContract } from "../contract/bot_repository_contract.ts";
import { testScheduleRepositoryContract } from "../contract/schedule_repository_contract.ts";
import { makeMongoDatabase, mongoUri } from "../support/servers/mongo_fixture.ts";

const NOW = 1_790_000_000;

async function makeMongo() {
  const mongo = makeMongoDatabase();
  const make = () => new MongoScheduleRepository(mongo.client, { database: mongo.name });
  const repository = make();
  const schedules = mongo.database.collection("bot_schedules");
  return await Promise.resolve({
    ...mongo,
    schedules,
    repository,
    another: make,
    seed: async (document: Readonly<Record<string, unknown>>) => {
      await schedules.insertOne({ ...document });
    },
    /** As BSON has it. */
    timeOf: async (id: string) => {
      const bytes = await schedules.findOne({ id }, { raw: true });
      return BSON.deserialize(bytes as unknown as Uint8Array, { promoteValues: false }).next_execution_time;
    },
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await mongo[Symbol.asyncDispose]();
    },
  });
}

function keys(schedules: readonly StoredSchedule[]): string[] {
  return schedules.map(({ key }) => key);
}

testBotRepositoryContract({ name: "MongoScheduleRepository as one of documents", make: makeMongo });
testScheduleRepositoryContract({ name: "MongoScheduleRepository", make: makeMongo });

Deno.test("MongoScheduleRepository has the collections of the contract", async () => {
  await using client = connectMongo(mongoUri());
  const commands: { name: string; database: string; collection: string }[] = [];
  client.on("commandStarted", ({ commandName: name, databaseName: database, command }) => {
    if (name === "find") commands.push({ name, database, collection: command.find });
  });
  client.options.monitorCommands = true;
  await using repository = new MongoScheduleRepository(client);
  await repository.due(0, 1);
  assert.deepEqual(commands[0], { name: "find", database: "bot_scheduler", collection: "bot_schedules" });
});

Deno.test("MongoScheduleRepository writes times as 64-bit integers, in events too", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.seed({ id: "a" });
  for (const [from, to] of [[undefined, NOW], [NOW, NEVER], [NEVER, 1]] as const) {
    assert.equal(await mongo.repository.advance("a", from, to), true);
    const time = await mongo.timeOf("a");
    assert.ok(time instanceof BSON.Long, `${to}`);
    assert.equal(time.toNumber(), to);
  }
  const document = { next_execution_time: NEVER };
  await mongo.repository.apply({ type: "updated", id: "a", document, order: { sequence: 1 } });
  await mongo.repository.apply({ type: "created", id: "b", document, order: { sequence: 1 } });
  for (const id of ["a", "b"]) assert.ok(await mongo.timeOf(id) instanceof BSON.Long, id);
});

Deno.test("MongoScheduleRepository reads a time of any type of number", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const numbers = [new BSON.Int32(NOW), new BSON.Double(NOW), BSON.Long.fromNumber(NOW)];
  for (const [i, time] of numbers.entries()) {
    await mongo.seed({ id: `number-${i}`, next_execution_time: time });
  }
  const due = await mongo.repository.due(NOW, 10);
  assert.deepEqual(due.map(({ nextExecutionTime }) => nextExecutionTime), [NOW, NOW, NOW]);
  const advances = due.map(({ key: id }) => ({ id, from: NOW, to: NOW + 60 }));
  assert.equal((await mongo.repository.advanceAll(advances)).size, 3);
});

Deno.test("MongoScheduleRepository finds what no JSON can hold among what nobody has looked at", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const values = {
    date: new Date(NOW * 1000),
    "huge-long": BSON.Long.MAX_VALUE,
    "least-long": BSON.Long.MIN_VALUE,
    infinity: Infinity,
    nan: NaN,
    objectId: new BSON.ObjectId(),
    binary: new BSON.Binary(new Uint8Array([1])),
    regex: /x/,
    timestamp: new BSON.Timestamp({ t: NOW, i: 1 }),
    "decimal-nan": BSON.Decimal128.fromString("NaN"),
  };
  const stored: string[] = [];
  for (const [id, value] of Object.entries(values)) {
    // Not every server stores every type.
    const isStored = await mongo.seed({ id, next_execution_time: value }).then(() => true, () => false);
    if (isStored) stored.push(id);
  }
  assert.ok(stored.includes("date") && stored.includes("huge-long"), `${stored}`);
  const due = await mongo.repository.due(NOW, 100);
  assert.deepEqual(keys(due).sort(), stored.toSorted());
  assert.ok(due.every(({ nextExecutionTime }) => nextExecutionTime === undefined));
  const advances = stored.map((id) => ({ id, from: undefined, to: NOW + 1 }));
  assert.deepEqual(await mongo.repository.advanceAll(advances), new Set(stored));
  assert.deepEqual(await mongo.repository.due(NOW, 100), []);
});

Deno.test("MongoScheduleRepository takes a list for no time, and gives it at the latest when its number is due", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.seed({ id: "a", next_execution_time: [NOW] });
  assert.equal(await mongo.repository.nextDueAfter(NOW - 1), undefined);
  const document = { id: "a", next_execution_time: [NOW] };
  assert.deepEqual(await mongo.repository.due(NOW, 10), [{ key: "a", document }]);
  assert.equal(await mongo.repository.advance("a", undefined, NOW + 60), true);
  assert.equal((await mongo.repository.find("a"))?.nextExecutionTime, NOW + 60);
});

Deno.test("MongoScheduleRepository.due() leaves out documents without a usable id, which list() gives", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  for (const id of [42, "", null]) await mongo.seed({ id, next_execution_time: 1 });
  await mongo.seed({ id: "good", next_execution_time: NOW });
  assert.deepEqual(keys(await mongo.repository.due(NOW, 1)), ["good"]);
  assert.equal((await mongo.repository.list()).length, 4);
});

Deno.test("MongoScheduleRepository takes the newest of documents with the same id, and sets all their times", async () => {
  await using mongo = await makeMongo();
  using logs = collectLogs();
  const versions = [["old", NOW - 60, 1000], ["new", NOW, 2000]] as const;
  for (const [state, time, updatedAt] of versions) {
    const custom = { updatedAt: new Date(updatedAt) };
    await mongo.seed({ id: "twice", state, next_execution_time: time, custom });
  }
  await mongo.repository.open();
  assert.equal(logs.records.length, 1);
  assert.deepEqual(await mongo.repository.due(NOW - 1, 10), []);
  const [due, ...others] = await mongo.repository.due(NOW, 10);
  assert.deepEqual([due?.document.state, due?.nextExecutionTime, others], ["new", NOW, []]);
  assert.equal(await mongo.repository.advance("twice", NOW - 60, NOW + 60), false);
  assert.equal(await mongo.repository.advance("twice", NOW, NOW + 60), true);
  assert.deepEqual(await mongo.repository.due(NOW, 10), []);
  assert.equal(await mongo.repository.nextDueAfter(NOW), NOW + 60);
  const stored = await mongo.schedules.find().toArray();
  assert.deepEqual(stored.map(({ next_execution_time: time }) => time), [NOW + 60, NOW + 60]);
});

Deno.test("MongoScheduleRepository reads by the index only what is due", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  const indexes = await mongo.schedules.indexes();
  assert.ok(indexes.some(({ key }) => JSON.stringify(key) === '{"next_execution_time":1}'));
  const later = Array.from(
    { length: 500 },
    (_, i) => ({ id: `later-${i}`, next_execution_time: NOW + 1 + i }),
  );
  const never = Array.from({ length: 500 }, (_, i) => ({ id: `never-${i}`, next_execution_time: NEVER }));
  await mongo.schedules.insertMany([...later, ...never]);
  const unusable = [undefined, null, "x", true, new Date(), 0, 1e15, [], ["x"]];
  await mongo.schedules.insertMany(unusable.map((value, i) => ({
    id: `unusable-${i}`,
    ...(value !== undefined && { next_execution_time: value }),
  })));
  await mongo.seed({ id: "due", next_execution_time: NOW });

  await using watched = connectMongo(mongoUri());
  const finds: Document[] = [];
  watched.options.monitorCommands = true;
  watched.on("commandStarted", ({ commandName, command }) => {
    if (commandName === "find" && command.find === "bot_schedules") finds.push(command);
  });
  await using repository = new MongoScheduleRepository(watched, { database: mongo.name });
  await repository.open();
  assert.equal((await repository.due(NOW, 100)).length, unusable.length + 1);
  assert.equal(await repository.nextDueAfter(NOW), NOW + 1);
  assert.equal(finds.length, 3);

  for (const { find, filter, sort, projection, batchSize } of finds) {
    const isNext = projection !== undefined;
    const question = { find, filter, ...(sort && { sort }), ...(isNext && { projection, limit: batchSize }) };
    const { executionStats: stats } = await mongo.database.command({
      explain: question,
      verbosity: "executionStats",
    });
    // A server may not tell, such as one that has no such indexes.
    if (typeof stats?.totalDocsExamined !== "number") return;
    assert.ok(stats.totalDocsExamined <= unusable.length + 2, JSON.stringify({ filter, stats }));
    assert.ok(stats.totalKeysExamined <= 3 * unusable.length + 20, JSON.stringify({ filter, stats }));
  }
});
