/**
 * Small records in the embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { ListRecordsOptions, RecordStore, StoredRecord } from "../records/record_store.ts";
import { SqliteCalls } from "./sqlite_calls.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";

/** The records in SQLite's table `records`. */
export class SqliteRecordStore implements RecordStore {
  readonly #database: DatabaseSync;
  readonly #calls = new SqliteCalls();

  /** @param database The connection. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** See {@linkcode RecordStore.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("prepare the records", options, () => migrateSqlite(this.#database));
  }

  /** See {@linkcode RecordStore.insert}. */
  insert(
    collection: string,
    id: string,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#calls.run("insert a record", options, () =>
      this.#database.prepare(
        "INSERT INTO records (collection, id, revision, value) VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING",
      ).run(collection, id, JSON.stringify(value)).changes > 0);
  }

  /** See {@linkcode RecordStore.get}. */
  get(collection: string, id: string, options?: RepositoryCallOptions): Promise<StoredRecord | undefined> {
    return this.#calls.run("read a record", options, () => {
      const row = this.#database.prepare(
        "SELECT id, revision, value FROM records WHERE collection = ? AND id = ?",
      ).get(collection, id);
      return row && toRecord(row);
    });
  }

  /** See {@linkcode RecordStore.list}. */
  list(
    collection: string,
    { prefix = "", after, limit = 100, descending = false, ...options }: ListRecordsOptions = {},
  ): Promise<StoredRecord[]> {
    return this.#calls.run("list records", options, () => {
      // Ids are ASCII.
      const bound = after === undefined ? "" : ` AND id ${descending ? "<" : ">"} ?`;
      return this.#database.prepare(
        `SELECT id, revision, value FROM records WHERE collection = ? AND id >= ? AND id < ?${bound}
         ORDER BY id ${descending ? "DESC" : "ASC"} LIMIT ?`,
      ).all(collection, prefix, `${prefix}\x7F`, ...(after === undefined ? [] : [after]), limit).map(
        toRecord,
      );
    });
  }

  /** See {@linkcode RecordStore.ids}. */
  ids(collection: string, options?: RepositoryCallOptions): Promise<string[]> {
    return this.#calls.run(
      "list the ids of records",
      options,
      () =>
        this.#database.prepare("SELECT id FROM records WHERE collection = ?").all(collection).map(({ id }) =>
          String(id)
        ),
    );
  }

  /** See {@linkcode RecordStore.replace}. */
  replace(
    collection: string,
    id: string,
    revision: number,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#calls.run("replace a record", options, () =>
      this.#database.prepare(
        "UPDATE records SET value = ?, revision = revision + 1 WHERE collection = ? AND id = ? AND revision = ?",
      ).run(JSON.stringify(value), collection, id, revision).changes > 0);
  }

  /** See {@linkcode RecordStore.delete}. */
  delete(collection: string, id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#calls.run(
      "remove a record",
      options,
      () =>
        this.#database.prepare("DELETE FROM records WHERE collection = ? AND id = ?").run(collection, id)
          .changes > 0,
    );
  }

  /** See {@linkcode RecordStore.deleteBefore}. */
  deleteBefore(collection: string, bound: string, options?: RepositoryCallOptions): Promise<number> {
    return this.#calls.run("remove old records", options, () =>
      Number(
        this.#database.prepare("DELETE FROM records WHERE collection = ? AND id < ?").run(collection, bound)
          .changes,
      ));
  }

  /** Refuses new calls. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }
}

function toRecord({ id, revision, value }: Record<string, unknown>): StoredRecord {
  return { id: String(id), revision: Number(revision), value: JSON.parse(String(value)) };
}
