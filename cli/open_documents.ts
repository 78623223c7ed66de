/**
 * Opens the documents that commands read and change.
 *
 * @module
 */

import type { BotChange, BotDocument } from "../services/documents/bot_repository.ts";
import { BOT_SUBJECTS, SCHEDULE_SUBJECTS } from "../services/events/bot_event.ts";
import { type BotEventPublisher, EventsUnavailableError } from "../services/events/bot_event_publisher.ts";
import { parseServiceConfig, type ServiceConfig } from "../services/config.ts";
import type { Stores } from "../services/stores.ts";
import type { CliContext } from "./context.ts";
import type { DeployTarget } from "./deploy/deploy_bot.ts";
import { botFoundWithin, describePickup, SCHEDULE_FOUND_WITHIN } from "./pickup_notice.ts";

/** The documents that a configuration names. */
export interface OpenDocuments extends AsyncDisposable {
  /** The configuration. */
  readonly config: ServiceConfig;
  /** The database. The stores of schedules are open only if {@linkcode OpenDocuments.schedules} is present. */
  readonly stores: Stores;
  /** Where bots are deployed to. */
  readonly bots: DeployTarget;
  /** Where schedules are deployed to. Absent if the configuration does not serve schedules. */
  readonly schedules?: DeployTarget;
  /** Reads the documents of an id, at most one of each kind. */
  find(id: string): Promise<{ readonly target: DeployTarget; readonly document: BotDocument }[]>;
  /** Says when the service picks up what was written. */
  describePickup(): Promise<string>;
}

/**
 * Opens the documents, the object store and the event bus that the environment names.
 *
 * @param context The command's context.
 * @returns The documents. Dispose them at the end.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 * @throws {StoreUnavailableError} If the database does not answer.
 */
export async function openDocuments(context: CliContext): Promise<OpenDocuments> {
  const config = parseServiceConfig(context.env);
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await context.openStores(config));
  await stores.bots.open();
  const publishProblems: string[] = [];
  const publishTo =
    (bus: BotEventPublisher | undefined, foundWithin: string) => async (change: BotChange) => {
      try {
        await bus?.publish(change);
      } catch (error) {
        if (!(error instanceof EventsUnavailableError)) throw error;
        // The document is written, so the service finds the change without the event.
        publishProblems.push(
          `${error.message} The change is saved; a running service finds it within ${foundWithin}.`,
        );
      }
    };
  const common = {
    store: await context.createStore(config.runner),
    bucket: config.runner.buckets.code,
    limits: config.runner.archiveLimits,
  };
  const bots: DeployTarget = {
    ...common,
    kind: "bot",
    repository: stores.bots,
    publish: publishTo(
      stack.use(await context.openPublisher(config, BOT_SUBJECTS)),
      botFoundWithin(config),
    ),
  };
  let schedules: DeployTarget | undefined;
  if (config.services.includes("schedules")) {
    await Promise.all([stores.schedules.open(), stores.runs.open()]);
    schedules = {
      ...common,
      kind: "schedule",
      repository: stores.schedules,
      publish: publishTo(
        stack.use(await context.openPublisher(config, SCHEDULE_SUBJECTS)),
        SCHEDULE_FOUND_WITHIN,
      ),
    };
  }
  const resources = stack.move();
  return {
    config,
    stores,
    bots,
    ...(schedules && { schedules }),
    async find(id) {
      const targets = schedules ? [bots, schedules] : [bots];
      const found = await Promise.all(
        targets.map(async (target) => ({ target, document: await target.repository.get(id) })),
      );
      return found.flatMap(({ target, document }) => document ? [{ target, document }] : []);
    },
    describePickup: () => {
      const problem = publishProblems.at(-1);
      return problem === undefined ? describePickup(config) : Promise.resolve(problem);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
