/**
 * The identity of the document store in MongoDB.
 *
 * @module
 */

import type { Collection, MongoClient } from "mongodb";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { StoreIdentities, StoreIdentity } from "../ownership/store_identity.ts";
import { MongoCalls } from "./mongo_calls.ts";
import { isDuplicateKey } from "./mongo_errors.ts";

/** Options of {@linkcode MongoStoreIdentities}. */
export interface MongoStoreIdentitiesOptions {
  /** Name of the bots' database. @default "bot_runner" */
  readonly database?: string;
  /** How long the server may be silent, in ms. @default 15000 */
  readonly limitMs?: number;
}

/** The store's own identity, or an adopted one. */
interface StoredIdentity {
  /**
   * `own` for the store's own identity, else the adopted id. As `_id` it is unique without creating an index.
   */
  readonly _id: string;
  readonly store: string;
  readonly made_at: Date;
  readonly was_empty: boolean;
}

const OWN = "own";

/**
 * The identity in MongoDB, `bot_runner.berth_store`. If two services start for the first time at once, only
 * one insert succeeds.
 */
export class MongoStoreIdentities implements StoreIdentities {
  readonly #identities: Collection<StoredIdentity>;
  readonly #bots: Collection;
  readonly #calls: MongoCalls;

  /** @param client The connection. @param options The database and the time limit. */
  constructor(client: MongoClient, options: MongoStoreIdentitiesOptions = {}) {
    const database = client.db(options.database ?? "bot_runner");
    this.#identities = database.collection<StoredIdentity>("berth_store", {
      writeConcern: { w: "majority" },
    });
    this.#bots = database.collection("bots");
    this.#calls = new MongoCalls(client, options.limitMs ?? 15_000);
  }

  /** See {@linkcode StoreIdentities.read}. */
  read(options?: RepositoryCallOptions): Promise<StoreIdentity> {
    return this.#calls.run("read the identity of the store", options, async ({ signal }) => {
      const found = await this.#find(signal);
      if (found) return found;
      const was_empty = await this.#bots.findOne({}, { signal, projection: { _id: 1 } }) === null;
      await this.#insert({ _id: OWN, store: crypto.randomUUID(), made_at: new Date(), was_empty });
      return (await this.#find(signal))!;
    });
  }

  /** See {@linkcode StoreIdentities.adopt}. */
  adopt(ids: readonly string[], options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("take over containers", options, async () => {
      for (const id of ids) {
        await this.#insert({ _id: `adopted ${id}`, store: id, made_at: new Date(), was_empty: false });
      }
    });
  }

  async #insert(identity: StoredIdentity): Promise<void> {
    try {
      await this.#identities.insertOne(identity);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  async #find(signal: AbortSignal): Promise<StoreIdentity | undefined> {
    const stored = await this.#identities.find({}, { signal }).toArray();
    const own = stored.find(({ _id }) => _id === OWN);
    return own && {
      id: String(own.store),
      madeAt: new Date(own.made_at),
      wasEmpty: own.was_empty === true,
      adopted: stored.filter((each) => each !== own).map(({ store }) => String(store)),
    };
  }
}
