/**
 * Opens the documents that a configuration names.
 *
 * @module
 */

import { ensureDataDir } from "../lib/util/data_dir.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import type { BotRepository } from "./documents/bot_repository.ts";
import type { ChangeSource } from "./events/change_source.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import type { RunRepository } from "./schedules/run_repository.ts";
import type { ScheduleRepository } from "./schedules/schedule_repository.ts";
import type { ServiceConfig } from "./config.ts";

/** The schedules and their ledger, over the same connection as the bots. */
export interface ScheduleStores {
  /** The documents. */
  readonly schedules: ScheduleRepository;
  /** The ledger. */
  readonly runs: RunRepository;
}

/** Documents, and the connection to their database. */
export interface OpenBotRepository extends AsyncDisposable, ScheduleStores {
  /** The documents of the bots. */
  readonly repository: BotRepository;
  /** The identity of the store. */
  readonly identities: StoreIdentities;
  /** The registrations of services; absent where only processes of this machine use the database. */
  readonly registry?: ServiceRegistry;
  /** Makes what tells what other processes have written, for one reader; absent where that cannot be told. */
  readonly watchChanges?: () => ChangeSource;
}

/**
 * Opens the documents: in MongoDB when it is configured, else in SQLite. MongoDB is not dialled yet. Only the
 * adapter that is needed is loaded.
 *
 * @param config The configuration.
 * @returns The documents. Dispose them at the end.
 * @throws {StoreUnavailableError} when SQLite's file cannot be opened.
 * @throws {InvalidConfigError} when the folder of SQLite's file is not safe.
 */
export async function openBotRepository(config: ServiceConfig): Promise<OpenBotRepository> {
  if (config.mongoUri) {
    const { connectMongo } = await import("./mongo/connect_mongo.ts");
    const { MongoBotRepository } = await import("./mongo/mongo_bot_repository.ts");
    const { MongoRunRepository } = await import("./mongo/mongo_run_repository.ts");
    const { MongoScheduleRepository } = await import("./mongo/mongo_schedule_repository.ts");
    const { MongoStoreIdentities } = await import("./mongo/mongo_store_identities.ts");
    const client = connectMongo(config.mongoUri.reveal());
    const repository = new MongoBotRepository(client);
    const schedules = new MongoScheduleRepository(client);
    const runs = new MongoRunRepository(client);
    const identities = new MongoStoreIdentities(client);
    const { MongoServiceRegistry } = await import("./mongo/mongo_service_registry.ts");
    const registry = new MongoServiceRegistry(client);
    return opened({ repository, identities, registry, schedules, runs }, () => client.close());
  }
  const { connectSqlite } = await import("./sqlite/connect_sqlite.ts");
  const { SqliteBotRepository } = await import("./sqlite/sqlite_bot_repository.ts");
  const { SqliteRunRepository } = await import("./sqlite/sqlite_run_repository.ts");
  const { SqliteScheduleRepository } = await import("./sqlite/sqlite_schedule_repository.ts");
  const { SqliteChangeSource } = await import("./sqlite/sqlite_change_source.ts");
  const { SqliteStoreIdentities } = await import("./sqlite/sqlite_store_identities.ts");
  await ensureDataDir(config.runner.dataDir);
  const database = connectSqlite(databasePath(config.runner));
  const watchChanges = () => new SqliteChangeSource(database);
  const repository = new SqliteBotRepository(database);
  const schedules = new SqliteScheduleRepository(database);
  const runs = new SqliteRunRepository(database);
  const identities = new SqliteStoreIdentities(database);
  return opened({ repository, identities, schedules, runs, watchChanges }, () => database.close());
}

/**
 * Where the embedded database is.
 *
 * @param config The runner's part of the configuration.
 * @returns Path of its file.
 */
export function databasePath({ dataDir }: Pick<DockerRunnerConfig, "dataDir">): string {
  return `${dataDir}/berth.sqlite`;
}

function opened(
  parts: Omit<OpenBotRepository, typeof Symbol.asyncDispose>,
  close: () => Promise<void> | void,
): OpenBotRepository {
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      for (const store of [parts.repository, parts.schedules, parts.runs]) await store[Symbol.asyncDispose]();
      await close();
    },
  };
}
