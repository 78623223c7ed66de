/**
 * Builds the services of one process from a configuration. Only this file knows all the adapters.
 *
 * @module
 */

import PROJECT from "../deno.json" with { type: "json" };
import { createObjectStore } from "../lib/runner/create_object_store.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { ApiApp } from "./api/api_app.ts";
import type { BotService } from "./bots/bot_service.ts";
import { CalendarBook, CALENDARS_FOLDER } from "./calendars/calendar_book.ts";
import { composeApi } from "./compose_api.ts";
import { composeBots, type ComposedBots } from "./compose_bots.ts";
import { composeEvents } from "./compose_events.ts";
import { composeNotifications } from "./compose_notifications.ts";
import { composeSchedules } from "./compose_schedules.ts";
import type { SharedParts } from "./compose_shared.ts";
import { type ComposedRunner, composeRunner } from "./compose_runner.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { AccountBook } from "./leases/account_book.ts";
import { makeServingRight } from "./make_serving_right.ts";
import { ServiceMetrics } from "./metrics/service_metrics.ts";
import { UsageSampler } from "./metrics/usage_sampler.ts";
import { orphanRemovers } from "./orphan_removers.ts";
import type { HostLock } from "./ownership/registered_right.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import { StoreOwner } from "./ownership/store_owner.ts";
import type { ScheduleService } from "./schedules/schedule_service.ts";
import { serveAll } from "./serve.ts";
import { openStores, type Stores } from "./stores.ts";

/** The services of one process, and the parts they work with. */
export interface ComposedServices extends AsyncDisposable {
  /**
   * Runs the services that the configuration names until the signal is aborted.
   *
   * @returns Resolves when all of them have ended.
   * @throws {InstanceLockedError} If another process of the same instance serves on this host.
   * @throws {ServingRightLostError} If another service has taken over the right to serve.
   */
  run(signal: AbortSignal): Promise<void>;
  /** The API, as a function. {@linkcode run} also serves it on its sockets. */
  readonly api: ApiApp;
  /** The bot service. */
  readonly bots: BotService;
  /** The schedule service. */
  readonly schedules: ScheduleService;
  /** The database. */
  readonly stores: Stores;
  /** The containers. */
  readonly runner: Runner;
  /** Code, results and logs. */
  readonly store: ObjectStore;
}

/** Parts that the caller has already. Disposing the services leaves them open. */
export interface GivenParts {
  /** The containers. */
  readonly runner: Runner;
  /** Code, results and logs. */
  readonly store: ObjectStore;
}

/** Choices of an operator for one start. */
export interface ComposeOptions {
  /** Whether to adopt containers of this instance that carry another store's identity. @default false */
  readonly adopt?: boolean;
  /** Whether the operator confirms that the holder of the serving right is gone, with its bots. @default false */
  readonly takeOver?: boolean;
}

/** Input of {@linkcode composeServices} for one start. */
export interface ProcessParts extends ComposeOptions {
  /** The locks of this process, per service. Required if several hosts share the database. */
  readonly locks?: Readonly<Partial<Record<ServiceName, HostLock>>>;
}

/**
 * Builds the services on MongoDB, MinIO and NATS as far as they are configured, else on SQLite, a folder and events
 * within the process. Opens SQLite's file, but connects to no server.
 *
 * @param config The configuration.
 * @param given Parts to use instead of new ones.
 * @param options Input for this one start.
 * @returns The services. Dispose them when they have ended.
 * @throws {StoreUnavailableError} If SQLite's file cannot be opened.
 */
export async function composeServices(
  config: ServiceConfig,
  given?: GivenParts,
  options: ProcessParts = {},
): Promise<ComposedServices> {
  const metrics = new ServiceMetrics({ version: PROJECT.version });
  const stores = metrics.stores.watchAll(await openStores(config));
  const rights = new Map<ServiceName, ServingRight>();
  const notifications = composeNotifications(
    config,
    stores,
    metrics.notifications,
    () => [...rights.values()].some((right) => right.whyIdle() === undefined),
  );
  const store = metrics.stores.watch("objects", given?.store ?? createObjectStore(config.runner));
  const composed: ComposedRunner = given
    ? { runner: given.runner, [Symbol.asyncDispose]: () => Promise.resolve() }
    : await composeRunner(config, { stores, store, metrics, logListener: notifications.lines });
  const { runner, leases, supervisors } = composed;
  const accounts = new AccountBook({
    store: stores.leases,
    keeper: { segment: config.segment, instance: config.runner.instance },
    ...(leases && { mayLive: async (lease, signal) => await leases.find(lease, { signal }) !== undefined }),
    onReleased: ({ kind, id }) => kind === "bot" ? bots.service.retry(id) : schedules.service.retryRun(id),
    clock: systemClock,
  });
  const usage = new UsageSampler({ ...config, runner });
  metrics.watchUsage(usage);
  const owner = new StoreOwner({ ...stores, runner, ...options });
  for (const name of config.services) {
    rights.set(name, makeServingRight(name, config, { ...stores, runner, ...options }));
  }

  const leads = (name: ServiceName) => rights.has(name) && rights.get(name)!.whyIdle() === undefined;
  const events = await composeEvents(config, stores, leads);
  const shared: SharedParts = {
    stores,
    runner,
    events,
    accounts,
    calendars: new CalendarBook(`${config.runner.dataDir}/${CALENDARS_FOLDER}`),
    metrics,
    notifications,
    removeOrphans: orphanRemovers(config.services, runner, leads),
    isNewStore: () => owner.isNew(Date.now()),
    whyIdle: (name) => rights.get(name)?.whyIdle(),
  };
  const bots: ComposedBots = composeBots(config, shared);
  const schedules = composeSchedules(config, shared, bots.guards);
  const { guards, backtests, backtestService } = bots;
  const api = composeApi(config, {
    ...shared,
    store,
    rights,
    backtests,
    usage,
    guards,
    notifications: { ...notifications, served: config.services.map((name) => notifications.of[name]) },
    services: { bots: bots.service, schedules: schedules.service, backtests: backtestService },
    announce: events.announce,
    ...(supervisors && { supervisors }),
  });

  return {
    api: api.app,
    async run(signal) {
      await using _listening = await api.listen();
      // Also while it stands by: it has to know for how long a lease has not been renewed when it takes over.
      await using _looking = leases?.watch();
      await serveAll(config, { services: { bots, schedules }, rights, owner, runner, notifications }, signal);
    },
    bots: bots.service,
    schedules: schedules.service,
    stores,
    runner,
    store,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await bots[Symbol.asyncDispose]();
      await accounts[Symbol.asyncDispose]();
      await notifications[Symbol.asyncDispose]();
      await usage[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
      await composed[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
    },
  };
}
