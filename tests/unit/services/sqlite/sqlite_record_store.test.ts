import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { testRecordStoreContract } from "../../../contract/record_store_contract.ts";

testRecordStoreContract("SqliteRecordStore", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const opened: { close(): void }[] = [];
  const open = () => {
    const database = connectSqlite(`${folder}/berth.sqlite`);
    opened.push(database);
    return new SqliteRecordStore(database);
  };
  return {
    records: open(),
    another: open,
    async [Symbol.asyncDispose]() {
      for (const each of opened) each.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});
