/**
 * Leases in MongoDB.
 *
 * @module
 */

import type { Collection, MongoClient } from "mongodb";
import type { LeaseRef } from "../../lib/cluster/cluster_leases.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { LeaseRecord, LeaseStore } from "../leases/lease_store.ts";
import { batched } from "../../lib/util/batched.ts";
import { abortable } from "../../lib/util/promises.ts";
import { idsBeginningWith } from "./ids_beginning_with.ts";
import { insertEach } from "./insert_each.ts";
import { MongoCalls } from "./mongo_calls.ts";

/** Options of {@linkcode MongoLeaseStore}. */
export interface MongoLeaseStoreOptions {
  /** Name of the bots' database. @default "bot_runner" */
  readonly database?: string;
  /** How long the server may be silent, in ms. @default 15000 */
  readonly limitMs?: number;
  /** The connection that renewals have for themselves. @default {the connection of all other calls} */
  readonly forRenewals?: MongoClient;
}

/** A record as stored. Its `_id` is made of key and epoch, so it is unique without creating an index. */
interface StoredLease extends LeaseRecord {
  readonly _id: string;
}

/**
 * The leases in `bot_runner.berth_leases`. A majority acknowledges each write. A renewal counts up the holder's own
 * record and then looks for a later one; a take inserts its record and then looks at the earlier one. The later of the two
 * writes precedes a look that sees the earlier write, so not both can miss the other: no write has to be atomic beyond
 * the insert.
 */
export class MongoLeaseStore implements LeaseStore {
  readonly #leases: Collection<StoredLease>;
  readonly #renewed: Collection<StoredLease>;
  readonly #calls: MongoCalls;
  readonly #renewals: MongoCalls;
  /** Many starts read at the same time: they share calls. */
  readonly #find = batched<string, LeaseRecord[]>({
    alone: async (key) => (await this.#findAll([key]))[0]!,
    together: (keys) => this.#findAll(keys),
  });

  /** The same for takes: a database that syncs each write by itself could not follow many starts. */
  readonly #insert = batched<StoredLease, boolean>({
    alone: async (lease) => (await this.#insertAll([lease]))[0]!,
    together: (leases) => this.#insertAll(leases),
  });

  /** @param client The connection. @param options The database and the time limit. */
  constructor(client: MongoClient, options: MongoLeaseStoreOptions = {}) {
    const { database = "bot_runner", limitMs = 15_000, forRenewals = client } = options;
    const leasesOver = (connection: MongoClient) =>
      connection.db(database).collection<StoredLease>("berth_leases", {
        readPreference: "primary",
        writeConcern: { w: "majority" },
      });
    this.#leases = leasesOver(client);
    this.#renewed = leasesOver(forRenewals);
    this.#calls = new MongoCalls(client, limitMs);
    this.#renewals = new MongoCalls(forRenewals, limitMs);
  }

  /** See {@linkcode LeaseStore.open}. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  /** See {@linkcode LeaseStore.listHeld}. */
  listHeld(prefix: string, options?: RepositoryCallOptions): Promise<LeaseRecord[]> {
    return this.#calls.run("list leases", options, async ({ signal }) => {
      const stored = await this.#leases.find({ ...idsBeginningWith(prefix), isReleased: false }, { signal })
        .toArray();
      return stored.map(toRecord);
    });
  }

  /** See {@linkcode LeaseStore.find}. */
  async find(key: string, { signal }: RepositoryCallOptions = {}): Promise<LeaseRecord[]> {
    signal?.throwIfAborted();
    return await abortable(this.#find(key), signal);
  }

  /** See {@linkcode LeaseStore.insert}. */
  async insert(record: LeaseRecord, { signal }: RepositoryCallOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    return await abortable(this.#insert({ _id: idOf(record.key, record.epoch), ...record }), signal);
  }

  /** See {@linkcode LeaseStore.renew}. */
  renew(leases: readonly LeaseRef[], options?: RepositoryCallOptions): Promise<boolean[]> {
    return this.#renewals.run("renew leases", options, async ({ signal }) => {
      if (leases.length === 0) return [];
      // One write for all: a database that syncs each write by itself could not follow hundreds of copies.
      const own = leases.map(({ key, epoch }) => idOf(key, epoch));
      await this.#renewed.updateMany({ _id: { $in: own }, isReleased: false }, { $inc: { beat: 1 } });
      const wanted = [...own, ...leases.map(({ key, epoch }) => idOf(key, epoch + 1))];
      const found = await this.#renewed.find({ _id: { $in: wanted } }, {
        signal,
        projection: { owner: 1, isReleased: 1 },
      }).toArray();
      const byId = new Map(found.map((each) => [each._id, each]));
      return leases.map(({ key, epoch, owner }) => {
        const found = byId.get(idOf(key, epoch));
        return found?.owner === owner && !found.isReleased && !byId.has(idOf(key, epoch + 1));
      });
    });
  }

  /** See {@linkcode LeaseStore.release}. */
  release({ key, epoch, owner }: LeaseRef, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("release a lease", options, async () => {
      await this.#leases.updateOne({ _id: idOf(key, epoch), owner }, { $set: { isReleased: true } });
    });
  }

  /** See {@linkcode LeaseStore.remove}. */
  remove({ key, epoch, owner }: LeaseRef, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("give back a lease", options, async () => {
      await this.#leases.deleteOne({ _id: idOf(key, epoch), owner });
    });
  }

  /** See {@linkcode LeaseStore.removeBefore}. */
  removeBefore(key: string, epoch: number, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("remove old leases", options, async () => {
      await this.#leases.deleteMany({ ...idsBeginningWith(`${key}#`), key, epoch: { $lt: epoch } });
    });
  }

  /** See {@linkcode LeaseStore.removeReleased}. */
  removeReleased(prefix: string, takenBefore: Date, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("remove old leases", options, async () => {
      await this.#leases.deleteMany({
        ...idsBeginningWith(prefix),
        isReleased: true,
        takenAt: { $lt: takenBefore },
      });
    });
  }

  /** @returns For each whether it was inserted: of several with one id, one is. */
  async #insertAll(leases: readonly StoredLease[]): Promise<boolean[]> {
    const what = leases.length === 1 ? "take a lease" : `take ${leases.length} leases`;
    return await this.#calls.run(what, {}, () => insertEach(this.#leases, leases));
  }

  async #findAll(keys: readonly string[]): Promise<LeaseRecord[][]> {
    const what = keys.length === 1 ? "read a lease" : `read ${keys.length} leases`;
    return await this.#calls.run(what, {}, async ({ signal }) => {
      // The range is what the index of `_id` finds.
      const ranges = [...new Set(keys)].map((key) => ({ ...idsBeginningWith(`${key}#`), key }));
      const found = await this.#leases.find(ranges.length === 1 ? ranges[0]! : { $or: ranges }, { signal })
        .toArray();
      const byKey = Map.groupBy(found.map(toRecord), ({ key }) => key);
      return keys.map((key) => (byKey.get(key) ?? []).toSorted((a, b) => a.epoch - b.epoch));
    });
  }

  /** Refuses new calls. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const calls of [this.#calls, this.#renewals]) calls.close();
    return Promise.resolve();
  }
}

function idOf(key: string, epoch: number): string {
  return `${key}#${epoch}`;
}

function toRecord({ _id, takenAt, ...rest }: StoredLease): LeaseRecord {
  return { ...rest, takenAt: new Date(takenAt) };
}
