/**
 * Small records of one kind in MongoDB.
 *
 * @module
 */

import { type Collection, MongoInvalidArgumentError } from "mongodb";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { ListRecordsOptions, StoredRecord } from "../records/record_store.ts";
import { batched } from "../../lib/util/batched.ts";
import { abortable } from "../../lib/util/promises.ts";
import { idsBeginningWith } from "./ids_beginning_with.ts";
import { insertEach } from "./insert_each.ts";
import type { MongoCalls } from "./mongo_calls.ts";

/** A record as stored. Its `_id` is unique without creating an index. */
export interface StoredValue {
  /** Its id. */
  readonly _id: string;
  /** Changes with each write. */
  readonly revision: number;
  /** JSON, because a name in a record may be one that the database cannot hold. */
  readonly value: string;
}

/** The records of one collection. Each method is one of {@linkcode RecordStore}, without the name of the collection. */
export class MongoRecordCollection {
  readonly #records: Collection<StoredValue>;
  readonly #calls: MongoCalls;
  /** Many starts read at the same time: they share calls. */
  readonly #get = batched<string, StoredValue | undefined>({
    alone: (_id) =>
      this.#calls.run(
        "read a record",
        {},
        async ({ signal }) => await this.#records.findOne({ _id }, { signal }) ?? undefined,
      ),
    together: (ids) =>
      this.#calls.run(`read ${ids.length} records`, {}, async ({ signal }) => {
        const found = await this.#records.find({ _id: { $in: [...new Set(ids)] } }, { signal }).toArray();
        const byId = new Map(found.map((stored) => [stored._id, stored]));
        return ids.map((id) => byId.get(id));
      }),
  });

  /** The same for inserts: a database that syncs each write by itself could not follow many starts. */
  readonly #insert = batched<StoredValue, boolean>({
    alone: async (stored) => (await this.#insertAll([stored]))[0]!,
    together: async (all) => {
      try {
        return await this.#insertAll(all);
      } catch (error) {
        // The driver sends nothing if one is too large: each is sent alone.
        if (error instanceof MongoInvalidArgumentError) return undefined;
        throw error;
      }
    },
  });

  /** @param records The collection. @param calls Calls the server. */
  constructor(records: Collection<StoredValue>, calls: MongoCalls) {
    this.#records = records;
    this.#calls = calls;
  }

  /** See {@linkcode RecordStore.insert}. */
  async insert(
    id: string,
    value: StoredRecord["value"],
    { signal }: RepositoryCallOptions = {},
  ): Promise<boolean> {
    signal?.throwIfAborted();
    return await abortable(
      this.#insert({ _id: id, revision: 1, value: JSON.stringify(value) }),
      signal,
    );
  }

  /** See {@linkcode RecordStore.get}. */
  async get(id: string, { signal }: RepositoryCallOptions = {}): Promise<StoredRecord | undefined> {
    signal?.throwIfAborted();
    const stored = await abortable(this.#get(id), signal);
    return stored && toRecord(stored);
  }

  /** See {@linkcode RecordStore.list}. */
  list(
    { prefix = "", after, limit = 100, descending = false, ...options }: ListRecordsOptions = {},
  ): Promise<StoredRecord[]> {
    return this.#calls.run("list records", options, async ({ signal }) => {
      const { _id: range } = idsBeginningWith(prefix);
      const _id = {
        ...range,
        ...(after !== undefined && !descending && { $gt: after }),
        ...(after !== undefined && descending && after < range.$lt && { $lt: after }),
      };
      const order = descending ? -1 : 1;
      const stored = await this.#records.find({ _id }, { signal }).sort({ _id: order }).limit(limit)
        .toArray();
      return stored.map(toRecord);
    });
  }

  /** See {@linkcode RecordStore.ids}. */
  ids(options?: RepositoryCallOptions): Promise<string[]> {
    return this.#calls.run("list the ids of records", options, async ({ signal }) => {
      const found = await this.#records.find({}, { projection: { _id: 1 }, signal }).toArray();
      return found.map(({ _id }) => _id);
    });
  }

  /** See {@linkcode RecordStore.replace}. */
  replace(
    id: string,
    revision: number,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#calls.run("replace a record", options, async () => {
      const { matchedCount } = await this.#records.updateOne(
        { _id: id, revision },
        { $set: { revision: revision + 1, value: JSON.stringify(value) } },
      );
      return matchedCount > 0;
    });
  }

  /** See {@linkcode RecordStore.delete}. */
  delete(id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#calls.run("remove a record", options, async () => {
      const { deletedCount } = await this.#records.deleteOne({ _id: id });
      return deletedCount > 0;
    });
  }

  /** See {@linkcode RecordStore.deleteBefore}. */
  deleteBefore(bound: string, options?: RepositoryCallOptions): Promise<number> {
    return this.#calls.run("remove old records", options, async () => {
      const { deletedCount } = await this.#records.deleteMany({ _id: { $lt: bound } });
      return deletedCount;
    });
  }

  /** @returns For each whether it was inserted: false if its id exists. One of several that have an id is. */
  #insertAll(all: readonly StoredValue[]): Promise<boolean[]> {
    const call = all.length === 1 ? "insert a record" : `insert ${all.length} records`;
    return this.#calls.run(call, {}, () => insertEach(this.#records, all));
  }
}

function toRecord({ _id, revision, value }: StoredValue): StoredRecord {
  return { id: _id, revision, value: JSON.parse(value) };
}
