/**
 * Opens the event bus that a configuration names, to subscribe or to publish.
 *
 * @module
 */

import type { BotEventPublisher } from "./events/bot_event_publisher.ts";
import type { BotEvents } from "./events/bot_events.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";

/**
 * Opens the subscription of one service to NATS. The first connection is made when it subscribes.
 *
 * @param config The configuration, with `natsUrl`.
 * @param service The service, which names the durable consumer.
 * @param subjectPrefix Subjects of the events, without their last part.
 * @returns The events. Dispose them at the end.
 */
export async function openNatsEvents(
  { natsUrl, runner }: ServiceConfig,
  service: ServiceName,
  subjectPrefix: string,
): Promise<BotEvents> {
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { durableNameOf, NatsBotEvents } = await import("./nats/nats_bot_events.ts");
  const durableName = durableNameOf(runner.instance, service);
  return new NatsBotEvents(connectNats(natsUrl!.reveal()), { durableName, subjectPrefix });
}

/**
 * Opens a publisher to NATS for a command. It connects when it publishes for the first time.
 *
 * @param config The configuration.
 * @param subjectPrefix Subjects of the events, without their last part.
 * @returns The publisher, to be disposed at the end; `undefined` without a bus: the service then finds changes by
 * itself.
 */
export async function openPublisher(
  { natsUrl }: ServiceConfig,
  subjectPrefix: string,
): Promise<BotEventPublisher | undefined> {
  if (!natsUrl) return undefined;
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { NatsBotPublisher } = await import("./nats/nats_bot_publisher.ts");
  return new NatsBotPublisher(connectNats(natsUrl.reveal(), { name: "berth command" }), { subjectPrefix });
}
