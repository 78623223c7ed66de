import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteLeaseStore } from "../../../../services/sqlite/sqlite_lease_store.ts";
import { testAccountBookContract } from "../../../contract/account_book_contract.ts";
import { testClusterLeasesContract } from "../../../contract/cluster_leases_contract.ts";
import { testLeaseStoreContract } from "../../../contract/lease_store_contract.ts";

const make = async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const opened: { close(): void }[] = [];
  const open = () => {
    const database = connectSqlite(`${folder}/berth.sqlite`);
    opened.push(database);
    return new SqliteLeaseStore(database);
  };
  return {
    leases: open(),
    another: open,
    async [Symbol.asyncDispose]() {
      for (const each of opened) each.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
};

testLeaseStoreContract("SqliteLeaseStore", make);
testClusterLeasesContract("SQLite", make);
testAccountBookContract("SQLite", make);
