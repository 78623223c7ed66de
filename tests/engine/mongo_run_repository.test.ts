import assert from "node:assert/strict";
import { BSON } from "mongodb";
import { MongoRunRepository } from "../../services/mongo/mongo_run_repository.ts";
import { StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { collectLogs } from "../support/collect_logs.ts";
import { testRunRepositoryContract } from "../contract/run_repository_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

async function makeMongo() {
  const mongo = makeMongoDatabase();
  const make = () => new MongoRunRepository(mongo.client, { database: mongo.name });
  const repository = make();
  const runs = mongo.database.collection("runs");
  return await Promise.resolve({
    ...mongo,
    runs,
    repository,
    another: make,
    damage: async (id: string, field: string, value: unknown) => {
      await runs.updateOne({ id }, { $set: { [field]: value } });
    },
    claimerArgs: ["mongo", mongo.name],
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await mongo[Symbol.asyncDispose]();
    },
  });
}

function recordOf(id: string, slot = 1_790_000_000): RunRecord {
  return {
    id,
    scheduleId: "a",
    slot,
    trigger: "schedule",
    state: "claimed",
    instance: "one",
    seenAt: new Date(2000),
    claimedAt: new Date(1000),
    attempt: 0,
  };
}

testRunRepositoryContract({ name: "MongoRunRepository", make: makeMongo });

Deno.test("MongoRunRepository names fields like the documents beside it, with dates and integers", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.repository.insert([{
    ...recordOf("a@1"),
    startLagMs: 12.5,
    exitCode: 1,
    resultStatus: "stored",
  }]);
  const bytes = await mongo.runs.findOne({ id: "a@1" }, { raw: true });
  const stored = BSON.deserialize(bytes as unknown as Uint8Array, { promoteLongs: false });
  assert.deepEqual(stored, {
    _id: "a@1",
    id: "a@1",
    schedule_id: "a",
    slot: BSON.Long.fromNumber(1_790_000_000),
    trigger: "schedule",
    state: "claimed",
    instance: "one",
    seen_at: new Date(2000),
    claimed_at: new Date(1000),
    start_lag_ms: 12.5,
    exit_code: BSON.Long.fromNumber(1),
    attempt: BSON.Long.fromNumber(0),
    result_status: "stored",
  });
});

Deno.test("MongoRunRepository does not claim what another program has recorded", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.runs.insertOne({ id: "a@1", schedule_id: "a", slot: 1, state: "succeeded", owner: "x" });
  const records = ["a@1", "a@2"].map((id) => recordOf(id));
  assert.deepEqual(await mongo.repository.insert(records), new Set(["a@2"]));
  assert.equal(await mongo.repository.update("a@1", { reason: "seen" }), true);
  assert.deepEqual(await mongo.repository.get("a@1"), {
    id: "a@1",
    scheduleId: "a",
    slot: 1,
    trigger: "schedule",
    state: "succeeded",
    reason: "seen",
    instance: "",
    seenAt: new Date(1000),
    claimedAt: new Date(1000),
    attempt: 0,
  });
  assert.equal((await mongo.runs.findOne({ id: "a@1" }))?.owner, "x");
});

Deno.test("MongoRunRepository claims each slot once also where ids cannot be made unique", async () => {
  await using mongo = await makeMongo();
  using logs = collectLogs();
  for (let i = 0; i < 2; i++) await mongo.runs.insertOne({ id: "other", i });
  await mongo.repository.open();
  assert.equal(logs.records.length, 1);
  await using other = mongo.another();
  const claims = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? mongo.repository : other).insert([recordOf("a@1")])),
  );
  assert.equal(claims.filter(({ size }) => size === 1).length, 1);
});

Deno.test("MongoRunRepository tells a record that cannot be stored from one that is there", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  await mongo.repository.insert([recordOf("a@1")]);
  // Larger than any document may be.
  const large = { ...recordOf("a@2"), reason: "x".repeat(17 * 1024 * 1024) };
  await assert.rejects(mongo.repository.insert([recordOf("a@1"), large]), StoreUnavailableError);
});

Deno.test("MongoRunRepository makes up for what is missing in a record, and leaves out what says nothing", async () => {
  await using mongo = await makeMongo();
  await mongo.repository.open();
  using logs = collectLogs();
  const good = recordOf("good", 5);
  await mongo.repository.insert([good, recordOf("odd", 4)]);
  const odd = {
    attempt: "x",
    seen_at: "x",
    exit_code: 1.5,
    started_at: 7,
    start_lag_ms: "x",
    version: {},
    log: null,
  };
  for (const [field, value] of Object.entries(odd)) await mongo.damage("odd", field, value);
  await mongo.runs.insertMany([
    { id: 1, schedule_id: "a", slot: 3, state: "claimed" },
    { id: "slot-text", schedule_id: "a", slot: "x", state: "claimed" },
    { id: "slot-huge", schedule_id: "a", slot: BSON.Long.MAX_VALUE, state: "claimed" },
    { id: "slot-no-date", schedule_id: "a", slot: 9e15, state: "running" },
    { id: "no-state", schedule_id: "a", slot: 3 },
  ]);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await mongo.repository.list("a"), [good, {
      ...recordOf("odd", 4),
      seenAt: new Date(1000),
    }]);
    assert.equal((await mongo.repository.listOpen()).length, 2);
  }
  assert.equal(logs.records.length, 5);
});
