/**
 * Small records in MongoDB.
 *
 * @module
 */

import { type Collection, MongoBulkWriteError, type MongoClient, MongoInvalidArgumentError } from "mongodb";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { ListRecordsOptions, RecordStore, StoredRecord } from "../records/record_store.ts";
import { batched } from "../../lib/util/batched.ts";
import { abortable } from "../../lib/util/promises.ts";
import { idsBeginningWith } from "./ids_beginning_with.ts";
import { MongoCalls } from "./mongo_calls.ts";
import { duplicateKeysOf } from "./mongo_errors.ts";

/** Options of {@linkcode MongoRecordStore}. */
export interface MongoRecordStoreOptions {
  /** Name of the bots' database. @default "bot_runner" */
  readonly database?: string;
  /** How long the server may be silent, in ms. @default 15000 */
  readonly limitMs?: number;
}

/** So few records are read one by one: a server that finds a single id at once may search the collection for several. */
const FEW = 6;

/** A record as stored. Its `_id`, `{collection}/{id}`, is unique without creating an index. */
interface StoredValue {
  readonly _id: string;
  readonly revision: number;
  /** JSON, because a name in a record may be one that the database cannot hold. */
  readonly value: string;
}

/** The records in `bot_runner.berth_records`. A majority acknowledges each write. */
export class MongoRecordStore implements RecordStore {
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
    together: async (ids) => {
      if (ids.length <= FEW) return undefined;
      return await this.#calls.run(`read ${ids.length} records`, {}, async ({ signal }) => {
        const found = await this.#records.find({ _id: { $in: [...new Set(ids)] } }, { signal }).toArray();
        const byId = new Map(found.map((stored) => [stored._id, stored]));
        return ids.map((id) => byId.get(id));
      });
    },
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

  /** @param client The connection. @param options The database and the time limit. */
  constructor(client: MongoClient, options: MongoRecordStoreOptions = {}) {
    this.#records = client.db(options.database ?? "bot_runner").collection<StoredValue>("berth_records", {
      readPreference: "primary",
      writeConcern: { w: "majority" },
    });
    this.#calls = new MongoCalls(client, options.limitMs ?? 15_000);
  }

  /** See {@linkcode RecordStore.open}. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  /** See {@linkcode RecordStore.insert}. */
  async insert(
    collection: string,
    id: string,
    value: StoredRecord["value"],
    { signal }: RepositoryCallOptions = {},
  ): Promise<boolean> {
    signal?.throwIfAborted();
    const stored = { _id: `${collection}/${id}`, revision: 1, value: JSON.stringify(value) };
    return await abortable(this.#insert(stored), signal);
  }

  /** See {@linkcode RecordStore.get}. */
  async get(
    collection: string,
    id: string,
    { signal }: RepositoryCallOptions = {},
  ): Promise<StoredRecord | undefined> {
    signal?.throwIfAborted();
    const stored = await abortable(this.#get(`${collection}/${id}`), signal);
    return stored && toRecord(collection, stored);
  }

  /** See {@linkcode RecordStore.list}. */
  list(
    collection: string,
    { prefix = "", after, limit = 100, descending = false, ...options }: ListRecordsOptions = {},
  ): Promise<StoredRecord[]> {
    return this.#calls.run("list records", options, async ({ signal }) => {
      const head = `${collection}/`;
      // Ids are ASCII.
      const end = `${head}${prefix}\x7F`;
      const position = after === undefined ? undefined : `${head}${after}`;
      const _id = {
        $gte: `${head}${prefix}`,
        $lt: descending && position !== undefined && position < end ? position : end,
        ...(!descending && position !== undefined && { $gt: position }),
      };
      const order = descending ? -1 : 1;
      const stored = await this.#records.find({ _id }, { signal }).sort({ _id: order }).limit(limit)
        .toArray();
      return stored.map((one) => toRecord(collection, one));
    });
  }

  /** See {@linkcode RecordStore.ids}. */
  ids(collection: string, options?: RepositoryCallOptions): Promise<string[]> {
    return this.#calls.run("list the ids of records", options, async ({ signal }) => {
      const all = idsBeginningWith(`${collection}/`);
      const found = await this.#records.find(all, { projection: { _id: 1 }, signal }).toArray();
      return found.map(({ _id }) => _id.slice(collection.length + 1));
    });
  }

  /** See {@linkcode RecordStore.replace}. */
  replace(
    collection: string,
    id: string,
    revision: number,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#calls.run("replace a record", options, async () => {
      const { matchedCount } = await this.#records.updateOne(
        { _id: `${collection}/${id}`, revision },
        { $set: { revision: revision + 1, value: JSON.stringify(value) } },
      );
      return matchedCount > 0;
    });
  }

  /** See {@linkcode RecordStore.delete}. */
  delete(collection: string, id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#calls.run("remove a record", options, async () => {
      const { deletedCount } = await this.#records.deleteOne({ _id: `${collection}/${id}` });
      return deletedCount > 0;
    });
  }

  /** See {@linkcode RecordStore.deleteBefore}. */
  deleteBefore(collection: string, bound: string, options?: RepositoryCallOptions): Promise<number> {
    return this.#calls.run("remove old records", options, async () => {
      const _id = { $gte: `${collection}/`, $lt: `${collection}/${bound}` };
      const { deletedCount } = await this.#records.deleteMany({ _id });
      return deletedCount;
    });
  }

  /** @returns For each whether it was inserted: false if its id exists. One of several that have an id is. */
  #insertAll(all: readonly StoredValue[]): Promise<boolean[]> {
    const what = all.length === 1 ? "insert a record" : `insert ${all.length} records`;
    return this.#calls.run(what, {}, async () => {
      try {
        await this.#records.insertMany([...all], { ordered: false });
        return all.map(() => true);
      } catch (error) {
        const taken = error instanceof MongoBulkWriteError ? duplicateKeysOf(error) : undefined;
        if (!taken) throw error;
        return all.map((_, index) => !taken.has(index));
      }
    });
  }

  /** Refuses new calls. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }
}

function toRecord(collection: string, { _id, revision, value }: StoredValue): StoredRecord {
  return { id: _id.slice(collection.length + 1), revision, value: JSON.parse(value) };
}
