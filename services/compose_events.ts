/**
 * Opens the events of the services of one process.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../lib/errors.ts";
import type { ApiParts } from "./api/api_parts.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import type { BotEventPublisher } from "./events/bot_event_publisher.ts";
import { BOT_SUBJECTS, SCHEDULE_SUBJECTS } from "./events/bot_event.ts";
import type { BotEvents } from "./events/bot_events.ts";
import type { ChangeSource } from "./events/change_source.ts";
import { InProcessBotEvents } from "./events/in_process_bot_events.ts";
import { NotedChanges } from "./events/noted_changes.ts";
import { PolledBotEvents } from "./events/polled_bot_events.ts";
import type { Stores } from "./stores.ts";

/** The events of one process. */
export interface ComposedEvents extends AsyncDisposable {
  /** The events that each service subscribes to. */
  readonly of: Readonly<Record<ServiceName, BotEvents>>;
  /** Publishes a change that the API has written, if there is a bus. Never rejects. */
  readonly announce: ApiParts["announce"];
}

/**
 * Opens the events: on NATS if it is configured, else polled from a shared database, else within the process.
 * Connects to no server yet.
 *
 * @param config The configuration.
 * @param stores The database.
 * @param leads Whether this process leads a service, so that it knows what its own API writes.
 * @returns The events. Dispose them at the end.
 */
export async function composeEvents(
  config: ServiceConfig,
  stores: Pick<Stores, "watchChanges" | "records">,
  leads: (service: ServiceName) => boolean,
): Promise<ComposedEvents> {
  const notes = notesOf(config, stores);
  const of = await openEvents(config, stores, notes);
  const publishers = config.natsUrl
    ? {
      bots: await publisherOf(config, BOT_SUBJECTS),
      schedules: await publisherOf(config, SCHEDULE_SUBJECTS),
    }
    : undefined;
  return {
    of,
    async announce(kind, change) {
      // The document is written, so services find the change without the event.
      const told = publishers?.[kind].publish(change) ??
        (leads(kind) ? undefined : notes?.[kind].note(change));
      await told?.catch((error) =>
        getLogger(["berth", "api"]).warn("change not announced", { id: change.id, problem: messageOf(error) })
      );
    },
    async [Symbol.asyncDispose]() {
      await of.schedules[Symbol.asyncDispose]();
      await of.bots[Symbol.asyncDispose]();
      await Promise.all(Object.values(publishers ?? {}).map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

async function openEvents(
  config: ServiceConfig,
  stores: Pick<Stores, "watchChanges">,
  notes: Notes | undefined,
): Promise<Record<ServiceName, BotEvents>> {
  if (config.natsUrl) {
    return {
      bots: await subscriptionOf(config, "bots", BOT_SUBJECTS),
      schedules: await subscriptionOf(config, "schedules", SCHEDULE_SUBJECTS),
    };
  }
  const changes = stores.watchChanges?.() ?? notes?.schedules;
  return {
    bots: localEvents(stores.watchChanges?.() ?? notes?.bots),
    schedules: localEvents(changes && withoutDeletions(changes)),
  };
}

type Notes = Readonly<Record<ServiceName, NotedChanges>>;

/** On a cluster without a bus, any process writes documents, and only the one that leads has to know. */
function notesOf(
  { natsUrl, runner }: ServiceConfig,
  { records }: Pick<Stores, "records">,
): Notes | undefined {
  if (natsUrl || !runner.cluster) return undefined;
  const of = (kind: ServiceName) => new NotedChanges(records, kind, runner.instance);
  return { bots: of("bots"), schedules: of("schedules") };
}

/** The subscription of one service to NATS. It connects when the service subscribes. */
async function subscriptionOf(
  { natsUrl, runner }: ServiceConfig,
  service: ServiceName,
  subjectPrefix: string,
): Promise<BotEvents> {
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { durableNameOf, NatsBotEvents } = await import("./nats/nats_bot_events.ts");
  const durableName = durableNameOf(runner.instance, service);
  return new NatsBotEvents(connectNats(natsUrl!.reveal()), { durableName, subjectPrefix });
}

/** A publisher to NATS. It connects when it publishes for the first time. */
async function publisherOf({ natsUrl }: ServiceConfig, subjectPrefix: string): Promise<BotEventPublisher> {
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { NatsBotPublisher } = await import("./nats/nats_bot_publisher.ts");
  return new NatsBotPublisher(connectNats(natsUrl!.reveal(), { name: "berth command" }), { subjectPrefix });
}

function localEvents(changes: ChangeSource | undefined): InProcessBotEvents | PolledBotEvents {
  return changes ? new PolledBotEvents(changes) : new InProcessBotEvents();
}

/** Drops deletions: the feed reports only bots, and a missing schedule needs no confirmation. */
function withoutDeletions(changes: ChangeSource): ChangeSource {
  return { poll: async () => await changes.poll() && [] };
}
