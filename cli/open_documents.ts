/**
 * Opens the documents that commands read without a service.
 *
 * @module
 */

import type { BotDocument, BotRepository } from "../services/documents/bot_repository.ts";
import { parseServiceConfig, type ServiceConfig } from "../services/config.ts";
import type { Stores } from "../services/stores.ts";
import type { CliContext } from "./context.ts";

/** Documents of one kind. */
export interface OpenKind {
  /** The kind of document. */
  readonly kind: "bot" | "schedule";
  /** The documents. */
  readonly repository: BotRepository;
}

/** The documents that a configuration names. */
export interface OpenDocuments extends AsyncDisposable {
  /** The configuration. */
  readonly config: ServiceConfig;
  /** The database. The stores of schedules are open only if {@linkcode OpenDocuments.schedules} is present. */
  readonly stores: Stores;
  /** The bots. */
  readonly bots: OpenKind;
  /** The schedules. Absent if the configuration does not serve schedules. */
  readonly schedules?: OpenKind;
  /** Reads the documents of an id, at most one of each kind. */
  find(id: string): Promise<{ readonly target: OpenKind; readonly document: BotDocument }[]>;
}

/**
 * Opens the documents that the environment names.
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
  const bots: OpenKind = { kind: "bot", repository: stores.bots };
  let schedules: OpenKind | undefined;
  if (config.services.includes("schedules")) {
    await Promise.all([stores.schedules.open(), stores.runs.open()]);
    schedules = { kind: "schedule", repository: stores.schedules };
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
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
