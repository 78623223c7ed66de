import { MongoRecordStore } from "../../services/mongo/mongo_record_store.ts";
import { testRecordStoreContract } from "../contract/record_store_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

testRecordStoreContract("MongoRecordStore", () => {
  const made = makeMongoDatabase();
  const open = () => new MongoRecordStore(made.client, { database: made.name });
  return Promise.resolve({
    records: open(),
    another: open,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  });
});
