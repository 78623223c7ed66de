/**
 * What the commands that look at documents or change them share.
 *
 * @module
 */

import type { BotChange, BotDocument } from "../services/documents/bot_repository.ts";
import { type BotEventPublisher, EventsUnavailableError } from "../services/events/bot_event_publisher.ts";
import type { ServiceRegistry } from "../services/ownership/service_registry.ts";
import type { StoreIdentities } from "../services/ownership/store_identity.ts";
import type { ScheduleStores } from "../services/open_bot_repository.ts";
import { parseServiceConfig, type ServiceConfig } from "../services/config.ts";
import type { CliContext } from "./context.ts";
import type { DeployTarget } from "./deploy/deploy_bot.ts";
import { botFoundWithin, SCHEDULE_FOUND_WITHIN, whenHeard } from "./when_heard.ts";

/** The documents of one kind, and how the service hears of a change. */
export interface DocumentTarget extends DeployTarget {
  /** What they are the documents of. */
  readonly kind: "bot" | "schedule";
}

/** A document that was found. */
export interface FoundDocument {
  /** Among which it was found. */
  readonly target: DocumentTarget;
  /** The document. */
  readonly document: BotDocument;
}

/** The documents that the configuration names. */
export interface OpenDocuments extends AsyncDisposable {
  /** The configuration. */
  readonly config: ServiceConfig;
  /** Where bots are deployed to. */
  readonly bots: DocumentTarget;
  /** Where schedules are deployed to, and the ledger; absent where the configuration says that they are not served. */
  readonly schedules?: DocumentTarget & ScheduleStores;
  /** The identity of their store. */
  readonly identities: StoreIdentities;
  /** The registrations of services; absent where only processes of this machine use the database. */
  readonly registry?: ServiceRegistry;
  /** The documents of an id: none, one, or one of each kind. */
  find(id: string): Promise<FoundDocument[]>;
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
  const opened = await context.openBotDocuments(config);
  const { repository, identities, registry, store, publisher, scheduling } = opened;
  let untold: string | undefined;
  const publishTo =
    (bus: BotEventPublisher | undefined, foundWithin: string) => async (change: BotChange) => {
      try {
        await bus?.publish(change);
      } catch (error) {
        if (!(error instanceof EventsUnavailableError)) throw error;
        // It is written: the service finds it.
        untold =
          `${error.message} It is written nevertheless: a running service finds it within ${foundWithin}.`;
      }
    };
  const bucket = config.runner.buckets.code;
  const limits = config.runner.archiveLimits;
  const bots: DocumentTarget = {
    kind: "bot",
    repository,
    store,
    bucket,
    limits,
    publish: publishTo(publisher, botFoundWithin(config)),
  };
  const schedules = scheduling && {
    ...scheduling,
    kind: "schedule" as const,
    repository: scheduling.schedules,
    store,
    bucket,
    limits,
    publish: publishTo(scheduling.publisher, SCHEDULE_FOUND_WITHIN),
  };
  return {
    config,
    identities,
    ...(registry && { registry }),
    bots,
    ...(schedules && { schedules }),
    async find(id) {
      const found: FoundDocument[] = [];
      for (const target of [bots, ...(schedules ? [schedules] : [])]) {
        const document = await target.repository.get(id);
        if (document) found.push({ target, document });
      }
      return found;
    },
    whenHeard: () => untold === undefined ? whenHeard(config) : Promise.resolve(untold),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
