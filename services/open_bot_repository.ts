/**
 * Opens the documents that a configuration names.
 *
 * @module
 */

import type { DockerRunnerConfig } from "../lib/docker_runner_config.ts";
import type { BotRepository } from "./bot_repository.ts";
import type { ChangeSource } from "./change_source.ts";
import type { ServiceConfig } from "./service_config.ts";

/** Documents, and the connection to their database. */
export interface OpenBotRepository extends AsyncDisposable {
  /** The documents. */
  readonly repository: BotRepository;
  /** What other processes have written; absent where that cannot be told. */
  readonly changes?: ChangeSource;
}

/**
 * Opens the documents: in MongoDB when it is configured, else in SQLite. MongoDB is not dialled yet. Only the
 * adapter that is needed is loaded.
 *
 * @param config The configuration.
 * @returns The documents. Dispose them at the end.
 * @throws {StoreUnavailableError} when SQLite's file cannot be opened.
 */
export async function openBotRepository(config: ServiceConfig): Promise<OpenBotRepository> {
  if (config.mongoUri) {
    const { connectMongo } = await import("./adapters/connect_mongo.ts");
    const { MongoBotRepository } = await import("./adapters/mongo_bot_repository.ts");
    const client = connectMongo(config.mongoUri.reveal());
    return opened({ repository: new MongoBotRepository(client) }, () => client.close());
  }
  const { connectSqlite } = await import("./adapters/connect_sqlite.ts");
  const { SqliteBotRepository } = await import("./adapters/sqlite_bot_repository.ts");
  const { SqliteChangeSource } = await import("./adapters/sqlite_change_source.ts");
  const database = connectSqlite(databasePath(config.runner));
  const changes = new SqliteChangeSource(database);
  return opened({ repository: new SqliteBotRepository(database), changes }, () => database.close());
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
  parts: Pick<OpenBotRepository, "repository" | "changes">,
  close: () => Promise<void> | void,
): OpenBotRepository {
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      await parts.repository[Symbol.asyncDispose]();
      await close();
    },
  };
}
