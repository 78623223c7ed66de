/**
 * Builds the notifications of the services of one process.
 *
 * @module
 */

import { dirname } from "node:path";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { field, isObject } from "./documents/document_fields.ts";
import { readLabels } from "./documents/labels.ts";
import type { NotificationMetrics } from "./metrics/notification_metrics.ts";
import { channelSender, type SendMessage } from "./notifications/channel_sender.ts";
import { ChannelsFile } from "./notifications/channels_file.ts";
import { Notifications } from "./notifications/notifications.ts";
import type { Stores } from "./stores.ts";

/** The notifications of one process. */
export interface ComposedNotifications extends Disposable {
  /** The file of channels. */
  readonly file: ChannelsFile;
  /** Sends a message. */
  readonly send: SendMessage;
  /** Notifications by service. */
  readonly of: Readonly<Record<ServiceName, Notifications>>;
}

/**
 * Builds the notifications. Reads nothing yet.
 *
 * @param config The configuration.
 * @param stores The database.
 * @param metrics Takes the measurements.
 */
export function composeNotifications(
  config: ServiceConfig,
  stores: Pick<Stores, "records" | "bots" | "schedules">,
  metrics: NotificationMetrics,
): ComposedNotifications {
  const { instance, secrets, dataDir } = config.runner;
  const file = new ChannelsFile(config.channelsFile);
  const resolver = createSecretResolver(secrets, dataDir);
  const send = channelSender({ secrets: resolver, folder: dirname(config.channelsFile) });
  const make = (scope: string, documents: Pick<Stores["bots"], "get">) =>
    new Notifications({
      records: stores.records,
      scope,
      instance,
      file,
      send,
      async labelsOf(bot) {
        const config = field(await documents.get(bot) ?? {}, "config");
        const berth = isObject(config) ? field(config, "berth") : undefined;
        return isObject(berth) ? readLabels(berth).labels ?? {} : {};
      },
      onTry: ({ name }, { isDelivered }) =>
        isDelivered ? metrics.sent(name) : metrics.failed(name, "retried"),
      onGiveUp: (name) => metrics.failed(name, "given_up"),
    });
  const of = {
    // The bots of a segment are served by one service, the runs of an instance by one scheduler.
    bots: make(`bots.${config.segment}`, stores.bots),
    schedules: make(`schedules.${instance}`, stores.schedules),
  };
  metrics.watchPending(() => of.bots.outbox.size + of.schedules.outbox.size);
  return { file, send, of, [Symbol.dispose]: () => resolver[Symbol.dispose]() };
}
