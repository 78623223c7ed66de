/**
 * What a command needs to give bots to a service that runs in another process, perhaps on another machine.
 *
 * @module
 */

import { createObjectStore } from "../lib/create_docker_runner.ts";
import type { ObjectStore } from "../lib/object_store.ts";
import type { BotEventPublisher } from "./bot_event_publisher.ts";
import type { BotRepository } from "./bot_repository.ts";
import { openBotRepository } from "./open_bot_repository.ts";
import type { ServiceConfig } from "./service_config.ts";

/** Where bots' documents and code are, and what tells of changes. */
export interface BotDocuments extends AsyncDisposable {
  /** The documents. */
  readonly repository: BotRepository;
  /** Code, results and logs. */
  readonly store: ObjectStore;
  /** The event bus; absent where the service finds changes by itself. */
  readonly publisher?: BotEventPublisher;
}

/**
 * Opens the documents, the object store and the event bus that a configuration names.
 *
 * @param config The configuration.
 * @returns The parts. Dispose them at the end.
 * @throws {StoreUnavailableError} when the documents cannot be opened.
 */
export async function openBotDocuments(config: ServiceConfig): Promise<BotDocuments> {
  const opened = await openBotRepository(config);
  try {
    await opened.repository.open();
    const publisher = config.natsUrl && await openPublisher(config.natsUrl.reveal());
    return {
      repository: opened.repository,
      store: createObjectStore(config.runner),
      ...(publisher && { publisher }),
      async [Symbol.asyncDispose]() {
        await publisher?.[Symbol.asyncDispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPublisher(urls: string): Promise<BotEventPublisher> {
  const { connectNats } = await import("./adapters/connect_nats.ts");
  const { NatsBotPublisher } = await import("./adapters/nats_bot_publisher.ts");
  return new NatsBotPublisher(connectNats(urls, { name: "berth command" }));
}
