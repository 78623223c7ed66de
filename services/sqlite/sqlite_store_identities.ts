/**
 * The identity of an embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { StoreIdentities, StoreIdentity } from "../ownership/store_identity.ts";
import { SqliteCalls } from "./sqlite_calls.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** The identity in SQLite. */
export class SqliteStoreIdentities implements StoreIdentities {
  readonly #database: DatabaseSync;
  readonly #calls = new SqliteCalls();

  /** @param database The connection. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** See {@linkcode StoreIdentities.read}. */
  read(options?: RepositoryCallOptions): Promise<StoreIdentity> {
    return this.#calls.run("read the identity of the store", options, () => {
      migrateSqlite(this.#database);
      return this.#find() ?? inTransaction(this.#database, () => {
        const insert = this.#database.prepare(
          "INSERT INTO store_identities (id, is_own, made_at, was_empty) VALUES (?, 1, ?, NOT EXISTS " +
            "(SELECT 1 FROM bots)) ON CONFLICT DO NOTHING",
        );
        insert.run(crypto.randomUUID(), Date.now());
        return this.#find()!;
      });
    });
  }

  /** See {@linkcode StoreIdentities.adopt}. */
  adopt(ids: readonly string[], options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("take over containers", options, () =>
      inTransaction(this.#database, () => {
        const insert = this.#database.prepare(
          "INSERT INTO store_identities (id, is_own, made_at, was_empty) VALUES (?, 0, ?, 0) ON CONFLICT DO NOTHING",
        );
        for (const id of ids) insert.run(id, Date.now());
      }));
  }

  #find(): StoreIdentity | undefined {
    const rows = this.#database.prepare("SELECT id, is_own, made_at, was_empty FROM store_identities").all();
    const own = rows.find(({ is_own }) => is_own === 1);
    return own && {
      id: String(own.id),
      madeAt: new Date(Number(own.made_at)),
      wasEmpty: own.was_empty === 1,
      adopted: rows.filter((row) => row !== own).map(({ id }) => String(id)),
    };
  }
}
