/**
 * Puts the bot service together from a configuration. `main.ts` calls it; nothing else knows all the adapters.
 *
 * @module
 */

import { createDockerRunner, createObjectStore } from "../lib/create_docker_runner.ts";
import type { ObjectStore } from "../lib/object_store.ts";
import type { Runner } from "../lib/runner.ts";
import { connectMongo } from "./adapters/connect_mongo.ts";
import { connectNats } from "./adapters/connect_nats.ts";
import { connectSqlite } from "./adapters/connect_sqlite.ts";
import { MongoBotRepository } from "./adapters/mongo_bot_repository.ts";
import { durableNameOf, NatsBotEvents } from "./adapters/nats_bot_events.ts";
import { SqliteBotRepository } from "./adapters/sqlite_bot_repository.ts";
import type { BotEvents } from "./bot_events.ts";
import type { BotRepository } from "./bot_repository.ts";
import { BotService } from "./bot_service.ts";
import { InProcessBotEvents } from "./in_process_bot_events.ts";
import type { ServiceConfig } from "./service_config.ts";

/** A service with everything that it works with. */
export interface ComposedBotService extends AsyncDisposable {
  /** The service. */
  readonly service: BotService;
  /** The documents. */
  readonly repository: BotRepository;
  /** What tells of changed documents; in-process events are published here. */
  readonly events: BotEvents;
  /** The containers. */
  readonly runner: Runner;
  /** Code, results and logs. */
  readonly store: ObjectStore;
}

/**
 * Puts the service together: MongoDB, MinIO and NATS as far as they are configured, else SQLite, a folder and
 * events within the process. Dials nothing; SQLite's file is opened.
 *
 * @param config The configuration.
 * @returns The parts. Dispose them when the service has ended.
 * @throws {StoreUnavailableError} when SQLite's file cannot be opened.
 */
export function composeBotService(config: ServiceConfig): ComposedBotService {
  const store = createObjectStore(config.runner);
  const runner = createDockerRunner({ config: config.runner, store });
  const { repository, close } = openRepository(config);
  const events = config.natsUrl
    ? new NatsBotEvents(connectNats(config.natsUrl.reveal()), {
      durableName: durableNameOf(config.runner.instance),
    })
    : new InProcessBotEvents();
  const service = new BotService({ ...config, repository, events, runner });
  return {
    service,
    repository,
    events,
    runner,
    store,
    async [Symbol.asyncDispose]() {
      await events[Symbol.asyncDispose]();
      await runner.close();
      await repository[Symbol.asyncDispose]();
      await close();
    },
  };
}

function openRepository(config: ServiceConfig): { repository: BotRepository; close: () => Promise<void> } {
  if (config.mongoUri) {
    const client = connectMongo(config.mongoUri.reveal());
    return { repository: new MongoBotRepository(client), close: () => client.close() };
  }
  const database = connectSqlite(`${config.runner.dataDir}/berth.sqlite`);
  return { repository: new SqliteBotRepository(database), close: () => Promise.resolve(database.close()) };
}
