/**
 * Opens the documents that a configuration names.
 *
 * @module
 */

import type { BotRepository } from "./bot_repository.ts";
import type { ServiceConfig } from "./service_config.ts";

/** Documents, and the connection to their database. */
export interface OpenBotRepository extends AsyncDisposable {
  /** The documents. */
  readonly repository: BotRepository;
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
    return opened(new MongoBotRepository(client), () => client.close());
  }
  const { connectSqlite } = await import("./adapters/connect_sqlite.ts");
  const { SqliteBotRepository } = await import("./adapters/sqlite_bot_repository.ts");
  const database = connectSqlite(`${config.runner.dataDir}/berth.sqlite`);
  return opened(new SqliteBotRepository(database), () => database.close());
}

function opened(repository: BotRepository, close: () => Promise<void> | void): OpenBotRepository {
  return {
    repository,
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await close();
    },
  };
}
