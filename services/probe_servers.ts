/**
 * Probes the database and the event bus that a configuration names.
 *
 * @module
 */

import type { MongoProbe } from "./mongo/probe_mongo.ts";
import type { NatsProbe } from "./nats/probe_nats.ts";
import type { SqliteProbe } from "./sqlite/probe_sqlite.ts";
import { databasePath } from "./stores.ts";
import type { ServiceConfig } from "./config.ts";

/** Results of the probes. Servers that are not configured are absent. */
export interface ServerProbes {
  /** The embedded database. */
  readonly sqlite?: SqliteProbe;
  /** MongoDB. */
  readonly mongo?: MongoProbe;
  /** NATS. */
  readonly nats?: NatsProbe;
}

/**
 * Probes the servers without changing anything. Each probe ends after some seconds.
 *
 * @param config The configuration.
 * @param signal Aborts the probes; the promise rejects with its reason.
 * @returns The results.
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
