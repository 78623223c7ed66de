/**
 * Opens the database that a configuration names: documents, ledger, identity and registrations.
 *
 * @module
 */

import { systemClock } from "../lib/util/clock.ts";
import { ensureDataDir } from "../lib/util/data_dir.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { KnownDocuments } from "./documents/known_documents.ts";
import type { ChangeSource } from "./events/change_source.ts";
import type { LeaseStore } from "./leases/lease_store.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import type { RecordStore } from "./records/record_store.ts";
import type { RunRepository } from "./schedules/run_repository.ts";
import type { ScheduleRepository } from "./schedules/schedule_repository.ts";
import type { ServiceConfig } from "./config.ts";

/** Everything that Berth keeps in one database. */
export interface Stores extends AsyncDisposable {
  /** The documents of the bots. */
  readonly bots: KnownDocuments;
  /** The documents of the schedules. */
  readonly schedules: ScheduleRepository;
  /** The ledger of runs. */
  readonly runs: RunRepository;
  /** Tokens, audit lines, backtests and other small records. */
  readonly records: RecordStore;
  /** The leases of bots, runs and accounts. */
  readonly leases: LeaseStore;
  /** The identity of the store. */
  readonly identities: StoreIdentities;
  /** The registrations of services. Absent if only processes of this machine use the database. */
  readonly registry?: ServiceRegistry;
  /** Creates a feed of changes made by other processes, for one reader. Absent if the database has none. */
  readonly watchChanges?: () => ChangeSource;
}

/**
 * Connects to MongoDB if it is configured, else opens SQLite. Loads only the driver it needs, and sends MongoDB nothing
 * yet: each repository has an `open()` of its own.
 *
 * @param config The configuration.
 * @returns The stores. Dispose them at the end.
 * @throws {StoreUnavailableError} If SQLite's file cannot be opened.
 * @throws {InvalidConfigError} If other users could read the folder of SQLite's file.
 */
export async function openStores(config: ServiceConfig): Promise<Stores> {
  if (config.mongoUri) {
    const { connectMongo } = await import("./mongo/connect_mongo.ts");
    const { MongoDocumentRepository } = await import("./mongo/mongo_document_repository.ts");
    const { BOTS } = await import("./mongo/mongo_document_kind.ts");
    const { MongoLeaseStore } = await import("./mongo/mongo_lease_store.ts");
    const { MongoRecordStore } = await import("./mongo/mongo_record_store.ts");
    const { MongoRunRepository } = await import("./mongo/mongo_run_repository.ts");
    const { MongoScheduleRepository } = await import("./mongo/mongo_schedule_repository.ts");
    const { MongoServiceRegistry } = await import("./mongo/mongo_service_registry.ts");
    const { MongoStoreIdentities } = await import("./mongo/mongo_store_identities.ts");
    const client = connectMongo(config.mongoUri.reveal());
    // When many bots start at once, renewals of leases and registrations do not queue behind the calls of the starts.
    const forRenewals = connectMongo(config.mongoUri.reveal());
    return closing({
      bots: new KnownDocuments(new MongoDocumentRepository(client, BOTS), systemClock),
      schedules: new MongoScheduleRepository(client),
      runs: new MongoRunRepository(client),
      records: new MongoRecordStore(client),
      leases: new MongoLeaseStore(client, { forRenewals }),
      identities: new MongoStoreIdentities(client),
      registry: new MongoServiceRegistry(forRenewals),
    }, () => Promise.all([client.close(), forRenewals.close()]));
  }
  const { connectSqlite } = await import("./sqlite/connect_sqlite.ts");
  const { SqliteChangeSource } = await import("./sqlite/sqlite_change_source.ts");
  const { SqliteDocumentRepository } = await import("./sqlite/sqlite_document_repository.ts");
  const { BOTS } = await import("./sqlite/sqlite_document_kind.ts");
  const { SqliteLeaseStore } = await import("./sqlite/sqlite_lease_store.ts");
  const { SqliteRecordStore } = await import("./sqlite/sqlite_record_store.ts");
  const { SqliteRunRepository } = await import("./sqlite/sqlite_run_repository.ts");
  const { SqliteScheduleRepository } = await import("./sqlite/sqlite_schedule_repository.ts");
  const { SqliteStoreIdentities } = await import("./sqlite/sqlite_store_identities.ts");
  await ensureDataDir(config.runner.dataDir);
  const database = connectSqlite(databasePath(config.runner));
  return closing({
    bots: new KnownDocuments(new SqliteDocumentRepository(database, BOTS), systemClock),
    schedules: new SqliteScheduleRepository(database),
    runs: new SqliteRunRepository(database),
    records: new SqliteRecordStore(database),
    leases: new SqliteLeaseStore(database),
    identities: new SqliteStoreIdentities(database),
    watchChanges: () => new SqliteChangeSource(database),
  }, () => database.close());
}

/**
 * Returns the path of the embedded database's file.
 *
 * @param config The runner's part of the configuration.
 */
export function databasePath({ dataDir }: Pick<DockerRunnerConfig, "dataDir">): string {
  return `${dataDir}/berth.sqlite`;
}

function closing(
  stores: Omit<Stores, typeof Symbol.asyncDispose>,
  close: () => Promise<unknown> | void,
): Stores {
  return {
    ...stores,
    async [Symbol.asyncDispose]() {
      for (const store of [stores.bots, stores.schedules, stores.runs, stores.records, stores.leases]) {
        await store[Symbol.asyncDispose]();
      }
      await close();
    },
  };
}
