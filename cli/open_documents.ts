/**
 * What the commands that change documents share.
 *
 * @module
 */

import { InstanceLock } from "../lib/instance_lock.ts";
import { EventsUnavailableError } from "../services/bot_event_publisher.ts";
import { parseServiceConfig, type ServiceConfig } from "../services/service_config.ts";
import type { CliContext } from "./context.ts";
import type { DeployTarget } from "./deploy_bot.ts";

/** The documents that the configuration names, and how the service hears of a change. */
export interface OpenDocuments extends DeployTarget, AsyncDisposable {
  /** The configuration. */
  readonly config: ServiceConfig;
  /** Says when the service takes up what was written. */
  whenHeard(): Promise<string>;
}

/**
 * Opens the documents.
 *
 * @param context See {@linkcode CliContext}.
 * @returns The documents. Dispose them at the end.
 * @throws {InvalidConfigError} with every problem at once.
 * @throws {StoreUnavailableError} when the database does not answer.
 */
export async function openDocuments(context: CliContext): Promise<OpenDocuments> {
  const config = parseServiceConfig(context.env);
  const { repository, store, publisher, ...opened } = await context.openBotDocuments(config);
  let untold: string | undefined;
  return {
    ...opened,
    config,
    repository,
    store,
    bucket: config.runner.buckets.code,
    async publish(change) {
      try {
        await publisher?.publish(change);
      } catch (error) {
        if (!(error instanceof EventsUnavailableError)) throw error;
        // It is written: the service finds it.
        untold = error.message;
      }
    },
    whenHeard: () =>
      untold === undefined ? whenHeard(config) : Promise.resolve(
        `${untold} It is written nevertheless: a running service finds it within ${intervalOf(config)}.`,
      ),
  };
}

async function whenHeard(config: ServiceConfig): Promise<string> {
  if (config.natsUrl) return "A running service hears of it at once.";
  if (config.mongoUri) {
    return `A running service finds it within ${
      intervalOf(config)
    }; with NATS_URL it would hear of it at once.`;
  }
  const { tempDir, instance } = config.runner;
  const holder = await InstanceLock.holder(tempDir, instance);
  return holder === undefined
    ? `No service runs here as instance '${instance}': 'berth start' starts it.`
    : `The service (${holder}) takes it up within a second; 'berth bots' shows what becomes of it.`;
}

function intervalOf({ reconcileIntervalMs }: ServiceConfig): string {
  return `${reconcileIntervalMs / 1000} s`;
}
