/**
 * What a command needs to give bots and schedules to a service that runs in another process, perhaps on another machine.
 *
 * @module
 */

import { createObjectStore } from "../lib/runner/create_object_store.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { BotRepository } from "./documents/bot_repository.ts";
import type { BotEventPublisher } from "./events/bot_event_publisher.ts";
import { BOT_SUBJECTS, SCHEDULE_SUBJECTS } from "./events/event_subjects.ts";
import { openBotRepository, type ScheduleStores } from "./open_bot_repository.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import type { ServiceConfig } from "./config.ts";

/** Where the documents and the code of bots and schedules are, and what tells of changes. */
export interface BotDocuments extends AsyncDisposable {
  /** The documents of the bots. */
  readonly repository: BotRepository;
  /** The identity of the documents' store. */
  readonly identities: StoreIdentities;
  /** The registrations of services; absent where only processes of this machine use the database. */
  readonly registry?: ServiceRegistry;
  /** Code, results and logs. */
  readonly store: ObjectStore;
  /** The event bus; absent where the service finds changes by itself. */
  readonly publisher?: BotEventPublisher;
  /** The schedules; absent where the configuration says that they are not served. */
  readonly scheduling?: ScheduleStores & {
    /** The event bus; absent where the service finds changes by itself. */
    readonly publisher?: BotEventPublisher;
  };
}

/**
 * Opens the documents, the object store and the event bus that a configuration names.
 *
 * @param config The configuration.
 * @returns The parts. Dispose them at the end.
 * @throws {StoreUnavailableError} when the documents cannot be opened.
 */
export async function openBotDocuments(config: ServiceConfig): Promise<BotDocuments> {
  await using stack = new AsyncDisposableStack();
  const { repository, identities, registry, schedules, runs } = stack.use(await openBotRepository(config));
  await repository.open();
  const store = createObjectStore(config.runner);
  const publisher = stack.use(await openPublisher(config, BOT_SUBJECTS));
  const documents = {
    repository,
    identities,
    ...(registry && { registry }),
    store,
    ...(publisher && { publisher }),
  };
  if (!config.services.includes("schedules")) return disposable(documents, stack.move());
  await Promise.all([schedules.open(), runs.open()]);
  const toldBy = stack.use(await openPublisher(config, SCHEDULE_SUBJECTS));
  const scheduling = { schedules, runs, ...(toldBy && { publisher: toldBy }) };
  return disposable({ ...documents, scheduling }, stack.move());
}

function disposable(documents: Omit<BotDocuments, typeof Symbol.asyncDispose>, stack: AsyncDisposableStack) {
  return { ...documents, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function openPublisher(
  { natsUrl }: ServiceConfig,
  subjectPrefix: string,
): Promise<BotEventPublisher | undefined> {
  if (!natsUrl) return undefined;
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { NatsBotPublisher } = await import("./nats/nats_bot_publisher.ts");
  const connector = connectNats(natsUrl.reveal(), { name: "berth command" });
  return new NatsBotPublisher(connector, { subjectPrefix });
}
