/**
 * The registrations of services in MongoDB.
 *
 * @module
 */

import type { Collection, MongoClient } from "mongodb";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type {
  ServiceRecord,
  ServiceRecordState,
  ServiceRegistry,
  ServiceRenewal,
} from "../ownership/service_registry.ts";
import { MongoCalls } from "./mongo_calls.ts";
import { isDuplicateKey } from "./mongo_errors.ts";

/** Options of {@linkcode MongoServiceRegistry}. */
export interface MongoServiceRegistryOptions {
  /** Name of the bots' database. @default "bot_runner" */
  readonly database?: string;
  /** How long the server may be silent, in ms. @default 15000 */
  readonly limitMs?: number;
}

/** A registration. Its epoch is the `_id`, which is unique without creating an index. */
export type StoredServiceRecord = Omit<ServiceRecord, "epoch"> & { readonly _id: number };

/** Name of the collection. */
export const SERVICES_COLLECTION = "berth_services";

/** The registrations in `bot_runner.berth_services`. A majority acknowledges each write. */
export class MongoServiceRegistry implements ServiceRegistry {
  readonly #records: Collection<StoredServiceRecord>;
  readonly #calls: MongoCalls;

  /** @param client The connection. @param options The database and the time limit. */
  constructor(client: MongoClient, options: MongoServiceRegistryOptions = {}) {
    const database = client.db(options.database ?? "bot_runner");
    this.#records = database.collection<StoredServiceRecord>(SERVICES_COLLECTION, {
      readPreference: "primary",
      writeConcern: { w: "majority" },
    });
    this.#calls = new MongoCalls(client, options.limitMs ?? 15_000);
  }

  /** See {@linkcode ServiceRegistry.list}. */
  list(options?: RepositoryCallOptions): Promise<ServiceRecord[]> {
    return this.#calls.run("read which services are registered", options, async ({ signal }) => {
      const stored = await this.#records.find({}, { signal }).toArray();
      return stored.map(toServiceRecord);
    });
  }

  /** See {@linkcode ServiceRegistry.insert}. */
  insert({ epoch, ...rest }: ServiceRecord, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#calls.run("register the service", options, async () => {
      try {
        await this.#records.insertOne({ _id: epoch, ...rest });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    });
  }

  /** See {@linkcode ServiceRegistry.renew}. */
  renew(
    { epoch, token }: Pick<ServiceRecord, "epoch" | "token">,
    renewal: ServiceRenewal,
    options?: RepositoryCallOptions,
  ): Promise<boolean> {
    return this.#calls.run("renew the service's registration", options, async () => {
      const filter = { _id: epoch, token, state: "active" as const };
      const { matchedCount } = await this.#records.updateOne(filter, { $set: { ...renewal } });
      return matchedCount > 0;
    });
  }

  /** See {@linkcode ServiceRegistry.end}. */
  end(
    { epoch, token }: Pick<ServiceRecord, "epoch" | "token">,
    state: Exclude<ServiceRecordState, "active">,
    options?: RepositoryCallOptions,
  ): Promise<void> {
    return this.#calls.run("end the service's registration", options, async () => {
      const open: ServiceRecordState[] = ["active", "ended"];
      await this.#records.updateOne({ _id: epoch, token, state: { $in: open } }, { $set: { state } });
    });
  }

  /** See {@linkcode ServiceRegistry.removeReleased}. */
  removeReleased(before: number, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("remove old registrations of services", options, async () => {
      await this.#records.deleteMany({ _id: { $lt: before }, state: "released" });
    });
  }
}

/** Converts a stored registration. @param stored The registration as stored. */
export function toServiceRecord({ _id, ...rest }: StoredServiceRecord): ServiceRecord {
  return { ...rest, epoch: _id, since: new Date(rest.since), renewedAt: new Date(rest.renewedAt) };
}
