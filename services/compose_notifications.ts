/**
 * Builds the notifications of the services of one process.
 *
 * @module
 */

import { dirname } from "node:path";
import { getLogger } from "@logtape/logtape";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { untilDone } from "./control/until_done.ts";
import { field, isObject } from "./documents/document_fields.ts";
import { type Labels, readLabels } from "./documents/labels.ts";
import { isHeldBy } from "./guards/guard_incidents.ts";
import { LatchStore } from "./guards/latch_store.ts";
import type { NotificationMetrics } from "./metrics/notification_metrics.ts";
import { channelSender, type SendMessage } from "./notifications/channel_sender.ts";
import { ChannelsFile } from "./notifications/channels_file.ts";
import { watchDisk } from "./notifications/disk_incidents.ts";
import { Heartbeat } from "./notifications/heartbeat.ts";
import type { Incidents } from "./notifications/incidents.ts";
import { LineAlerts } from "./notifications/line_alerts.ts";
import { Notifications } from "./notifications/notifications.ts";
import { OutageIncidents } from "./notifications/outage_incidents.ts";
import { StoreOutage } from "./notifications/store_outage.ts";
import type { Stores } from "./stores.ts";

/** The notifications of one process. */
export interface ComposedNotifications extends AsyncDisposable {
  /** The file of channels. */
  readonly file: ChannelsFile;
  /** Sends a message. */
  readonly send: SendMessage;
  /** Notifications by service. */
  readonly of: Readonly<Record<ServiceName, Notifications>>;
  /** Sees the lines of logs. */
  readonly lines: LineAlerts;
  /** Takes the outages that the services report. */
  readonly outages: OutageIncidents;
  /**
   * Runs a service together with its notifications.
   *
   * @param name The service.
   * @param options The service, what watches it, and the signal that ends them.
   */
  accompany(name: ServiceName, options: AccompanyOptions): Promise<void>;
}

/** Options of {@linkcode ComposedNotifications.accompany}. */
export interface AccompanyOptions {
  /** Creates the reporter of the service's incidents. */
  readonly watch: (incidents: Incidents) => { run(signal: AbortSignal): Promise<void> };
  /** Runs the service. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** Ends all of it. */
  readonly signal: AbortSignal;
}

/**
 * Builds the notifications. Reads nothing yet.
 *
 * @param config The configuration.
 * @param stores The database.
 * @param metrics Takes the measurements.
 * @param isServing Whether this process serves, and does not stand by.
 */
export function composeNotifications(
  config: ServiceConfig,
  stores: Pick<Stores, "records" | "bots" | "schedules">,
  metrics: NotificationMetrics,
  isServing: () => boolean,
): ComposedNotifications {
  const { instance, secrets, dataDir, tempDir } = config.runner;
  const file = new ChannelsFile(config.channelsFile);
  const resolver = createSecretResolver(secrets, dataDir);
  const send = channelSender({ secrets: resolver, folder: dirname(config.channelsFile) });
  const labelsOf = async (bot: string) =>
    labelsIn(await stores.bots.get(bot) ?? await scheduleOf(stores, bot));
  const latches = new LatchStore(stores.records);
  const make = (scope: string) =>
    new Notifications({
      records: stores.records,
      scope,
      instance,
      file,
      send,
      labelsOf,
      outlivesBot: async (key, signal) =>
        key.guard !== undefined && isHeldBy(key, await latches.readOf(key.bot!, signal)),
      onTry: ({ name }, { isDelivered }) =>
        isDelivered ? metrics.sent(name) : metrics.failed(name, "retried"),
      onGiveUp: (name) => metrics.failed(name, "given_up"),
    });
  const of = {
    // The bots of a segment are served by one service, the runs of an instance by one scheduler.
    bots: make(`bots.${config.segment}`),
    schedules: make(`schedules.${instance}`),
  };
  metrics.watchPending(() => of.bots.outbox.size + of.schedules.outbox.size);
  const main = of[config.services[0]!];
  const clock = systemClock;
  const outage = new StoreOutage({
    // Another process on the same folder may serve the schedules.
    path: `${dataDir}/outage-${config.services[0]}.json`,
    instance,
    file,
    send,
    clock,
    outbox: () => main.outbox,
    wake: () => main.deliverer.wake(),
  });
  const lines = new LineAlerts({ file, incidents: main.incidents, labelsOf, clock });
  const outages = new OutageIncidents({ store: outage, incidents: main.incidents, clock });
  const heart = new Heartbeat({ url: config.heartbeatUrl, isServing, clock });
  return {
    file,
    send,
    of,
    lines,
    outages,
    async accompany(name, { watch, work, signal }) {
      const told = of[name];
      const log = getLogger(["berth", "notifications"]);
      try {
        await untilDone("notifications", (signal) => told.load(signal), { log, signal, clock });
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const { minFreeDiskBytes: minFreeBytes } = config;
      const paths = { TEMP_DIR: tempDir, DATA_DIR: dataDir };
      const ofProcess = told === main
        ? [heart.run(signal), watchDisk({ paths, minFreeBytes, incidents: told.incidents, signal, clock })]
        : [];
      await Promise.all([told.run(signal), watch(told.incidents).run(signal), work(signal), ...ofProcess]);
    },
    async [Symbol.asyncDispose]() {
      lines[Symbol.dispose]();
      outages[Symbol.dispose]();
      await outage.stop();
      resolver[Symbol.dispose]();
    },
  };
}

async function scheduleOf({ schedules }: Pick<Stores, "schedules">, id: string): Promise<unknown> {
  return (await schedules.find(id))?.document;
}

function labelsIn(document: unknown): Labels | undefined {
  if (!document) return undefined;
  const config = isObject(document) ? field(document, "config") : undefined;
  const berth = isObject(config) ? field(config, "berth") : undefined;
  return isObject(berth) ? readLabels(berth).labels ?? {} : {};
}
