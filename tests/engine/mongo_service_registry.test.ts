import { MongoServiceRegistry } from "../../services/mongo/mongo_service_registry.ts";
import { testServiceRegistryContract } from "../contract/service_registry_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

testServiceRegistryContract("MongoServiceRegistry", () => {
  const made = makeMongoDatabase();
  return Promise.resolve({
    registry: new MongoServiceRegistry(made.client, { database: made.name }),
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  });
});
