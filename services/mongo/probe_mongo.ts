/**
 * Probes a MongoDB server.
 *
 * @module
 */

import { connectMongo, mongoAddress } from "./connect_mongo.ts";
import type { ServiceRecord } from "../ownership/service_registry.ts";
import { toStoreError } from "./mongo_errors.ts";
import { MongoServiceRegistry } from "./mongo_service_registry.ts";

/** Result of probing a MongoDB server. */
export interface MongoProbe {
  /** Hosts and ports. */
  readonly where: string;
  /** Number of documents of bots. */
  readonly bots?: number;
  /** The registrations of services. */
  readonly services?: readonly ServiceRecord[];
  /** Why that is not known; holds no credential. */
  readonly problem?: unknown;
}

/**
 * Asks a MongoDB server for the number of bots, on a connection of its own.
 *
 * @param uri Address of the server.
 * @param signal Aborts the probe.
 * @returns The result.
 * @throws {InvalidConfigError} If the address is invalid. The signal's reason, if it is aborted.
 */
export async function probeMongo(uri: string, signal: AbortSignal): Promise<MongoProbe> {
  const client = connectMongo(uri);
  const where = mongoAddress(client);
  try {
    const bots = await client.db("bot_runner").collection("bots").countDocuments({}, { signal });
    const services = await new MongoServiceRegistry(client).list({ signal });
    return { where, bots, services };
  } catch (error) {
    signal.throwIfAborted();
    return { where, problem: toStoreError("count the bots", where, error, signal) };
  } finally {
    await client.close();
  }
}
