/**
 * Small records in MongoDB.
 *
 * @module
 */

import type { MongoClient } from "mongodb";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { ListRecordsOptions, RecordStore, StoredRecord } from "../records/record_store.ts";
import { MongoCalls } from "./mongo_calls.ts";
import { MongoRecordCollection, type StoredValue } from "./mongo_record_collection.ts";

/** Options of {@linkcode MongoRecordStore}. */
export interface MongoRecordStoreOptions {
  /** Name of the bots' database. @default "bot_runner" */
  readonly database?: string;
  /** How long the server may be silent, in ms. @default 15000 */
  readonly limitMs?: number;
}

/**
 * The records in `bot_runner`, those of a collection in `berth_records.{collection}`: a server that finds a record by
 * search, as FerretDB does for a revision, searches few. A majority acknowledges each write.
 */
export class MongoRecordStore implements RecordStore {
  readonly #client: MongoClient;
  readonly #database: string;
  readonly #calls: MongoCalls;
  readonly #collections = new Map<string, MongoRecordCollection>();

  /** @param client The connection. @param options The database and the time limit. */
  constructor(
    client: MongoClient,
    { database = "bot_runner", limitMs = 15_000 }: MongoRecordStoreOptions = {},
  ) {
    this.#client = client;
    this.#database = database;
    this.#calls = new MongoCalls(client, limitMs);
  }

  /** See {@linkcode RecordStore.open}. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  /** See {@linkcode RecordStore.insert}. */
  insert(
    collection: string,
    id: string,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#in(collection).insert(id, value, options);
  }

  /** See {@linkcode RecordStore.get}. */
  get(collection: string, id: string, options?: RepositoryCallOptions): Promise<StoredRecord | undefined> {
    return this.#in(collection).get(id, options);
  }

  /** See {@linkcode RecordStore.list}. */
  list(collection: string, options?: ListRecordsOptions): Promise<StoredRecord[]> {
    return this.#in(collection).list(options);
  }

  /** See {@linkcode RecordStore.ids}. */
  ids(collection: string, options?: RepositoryCallOptions): Promise<string[]> {
    return this.#in(collection).ids(options);
  }

  /** See {@linkcode RecordStore.replace}. */
  replace(
    collection: string,
    id: string,
    revision: number,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#in(collection).replace(id, revision, value, options);
  }

  /** See {@linkcode RecordStore.delete}. */
  delete(collection: string, id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#in(collection).delete(id, options);
  }

  /** See {@linkcode RecordStore.deleteBefore}. */
  deleteBefore(collection: string, bound: string, options?: RepositoryCallOptions): Promise<number> {
    return this.#in(collection).deleteBefore(bound, options);
  }

  /** Refuses new calls. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  #in(collection: string): MongoRecordCollection {
    const known = this.#collections.get(collection);
    if (known) return known;
    const records = this.#client.db(this.#database).collection<StoredValue>(`berth_records.${collection}`, {
      readPreference: "primary",
      writeConcern: { w: "majority" },
    });
    const opened = new MongoRecordCollection(records, this.#calls);
    this.#collections.set(collection, opened);
    return opened;
  }
}
