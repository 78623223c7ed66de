import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { SqliteStoreIdentities } from "../../../../services/sqlite/sqlite_store_identities.ts";
import { testStoreIdentitiesContract } from "../../../contract/store_identities_contract.ts";

testStoreIdentitiesContract("SqliteStoreIdentities", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const opened: { close(): void }[] = [];
  const open = () => {
    const database = connectSqlite(`${folder}/berth.sqlite`);
    opened.push(database);
    return database;
  };
  const database = open();
  return {
    identities: new SqliteStoreIdentities(database),
    another: () => new SqliteStoreIdentities(open()),
    addBot: async () => {
      const repository = new SqliteDocumentRepository(database, BOTS);
      await repository.open();
      await repository.apply({ type: "created", id: "one", document: { id: "one" }, order: {} });
    },
    async [Symbol.asyncDispose]() {
      for (const each of opened) each.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});
