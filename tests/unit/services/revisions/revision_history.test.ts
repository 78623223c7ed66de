import { DatabaseSync } from "node:sqlite";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { testRevisionHistoryContract } from "../../../contract/revision_history_contract.ts";

testRevisionHistoryContract("SQLite", () => {
  const database = new DatabaseSync(":memory:");
  return Promise.resolve({
    records: new SqliteRecordStore(database),
    another: () => new SqliteRecordStore(database),
    [Symbol.asyncDispose]() {
      database.close();
      return Promise.resolve();
    },
  });
});
