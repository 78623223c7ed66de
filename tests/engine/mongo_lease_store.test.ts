import { MongoLeaseStore } from "../../services/mongo/mongo_lease_store.ts";
import { testAccountBookContract } from "../contract/account_book_contract.ts";
import { testClusterLeasesContract } from "../contract/cluster_leases_contract.ts";
import { testLeaseStoreContract } from "../contract/lease_store_contract.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";

const make = () => {
  const made = makeMongoDatabase();
  const open = () => new MongoLeaseStore(made.client, { database: made.name });
  return Promise.resolve({
    leases: open(),
    another: open,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  });
};

testLeaseStoreContract("MongoLeaseStore", make);
testClusterLeasesContract("MongoDB", make);
testAccountBookContract("MongoDB", make);
