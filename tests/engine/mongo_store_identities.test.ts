import { MongoStoreIdentities } from "../../services/mongo/mongo_store_identities.ts";
import { testStoreIdentitiesContract } from "../contract/store_identities_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

testStoreIdentitiesContract("MongoStoreIdentities", () => {
  const made = makeMongoDatabase();
  const { client, database, name } = made;
  return Promise.resolve({
    identities: new MongoStoreIdentities(client, { database: name }),
    another: () => new MongoStoreIdentities(client, { database: name }),
    addBot: async () => void await database.collection("bots").insertOne({ id: "one" }),
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  });
});
