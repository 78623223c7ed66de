/**
 * Looks at everything outside this process that a configuration names, but for engine and object store.
 *
 * @module
 */

import type { MongoProbe } from "./mongo/probe_mongo.ts";
import type { NatsProbe } from "./nats/probe_nats.ts";
import type { SqliteProbe } from "./sqlite/probe_sqlite.ts";
import { databasePath } from "./stores.ts";
import type { ServiceConfig } from "./config.ts";

/** What was found. What is not configured is absent. */
export interface ServerProbes {
  /** The embedded database. */
  readonly sqlite?: SqliteProbe;
  /** MongoDB. */
  readonly mongo?: MongoProbe;
  /** NATS. */
  readonly nats?: NatsProbe;
}

/**
 * Looks, and changes nothing. Each look is given up after some seconds.
 *
 * @param config The configuration.
 * @param signal Gives up; the promise rejects with its reason.
 * @returns What was found.
 */
export async function probeServers(config: ServiceConfig, signal: AbortSignal): Promise<ServerProbes> {
  const { mongoUri, natsUrl, runner } = config;
  const [documents, events] = await Promise.all([
    mongoUri ? probeMongo(mongoUri.reveal(), signal) : probeSqlite(databasePath(runner)),
    natsUrl ? probeNats(natsUrl.reveal(), signal) : {},
  ]);
  return { ...documents, ...events };
}

async function probeMongo(uri: string, signal: AbortSignal): Promise<ServerProbes> {
  const { probeMongo } = await import("./mongo/probe_mongo.ts");
  return { mongo: await probeMongo(uri, signal) };
}

async function probeSqlite(path: string): Promise<ServerProbes> {
  const { probeSqlite } = await import("./sqlite/probe_sqlite.ts");
  return { sqlite: probeSqlite(path) };
}

async function probeNats(urls: string, signal: AbortSignal): Promise<ServerProbes> {
  const { probeNats } = await import("./nats/probe_nats.ts");
  return { nats: await probeNats(urls, signal) };
}
