import { MongoRecordStore } from "../../services/mongo/mongo_record_store.ts";
import { testRevisionHistoryContract } from "../contract/revision_history_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

testRevisionHistoryContract("MongoDB", () => {
  const made = makeMongoDatabase();
  const open = () => new MongoRecordStore(made.client, { database: made.name });
  return Promise.resolve({
    records: open(),
    another: open,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  });
});
