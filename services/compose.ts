/**
 * Builds the services of one process from a configuration. Only this file knows all the adapters.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import PROJECT from "../deno.json" with { type: "json" };
import { createDockerRunner } from "../lib/runner/create_docker_runner.ts";
import { createObjectStore } from "../lib/runner/create_object_store.ts";
import { messageOf } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { ContainerKind, Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { ApiApp } from "./api/api_app.ts";
import { BacktestRepository } from "./backtests/backtest_repository.ts";
import { BacktestService } from "./backtests/backtest_service.ts";
import { BotIncidents } from "./bots/bot_incidents.ts";
import { BotService } from "./bots/bot_service.ts";
import { allGates } from "./bots/run_gate.ts";
import { SessionGate } from "./bots/session_gate.ts";
import { CalendarBook, CALENDARS_FOLDER } from "./calendars/calendar_book.ts";
import { composeApi } from "./compose_api.ts";
import { type AccompanyOptions, composeNotifications } from "./compose_notifications.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { untilDone } from "./control/until_done.ts";
import { BOT_SUBJECTS, SCHEDULE_SUBJECTS } from "./events/bot_event.ts";
import type { BotEvents } from "./events/bot_events.ts";
import type { ChangeSource } from "./events/change_source.ts";
import { InProcessBotEvents } from "./events/in_process_bot_events.ts";
import { PolledBotEvents } from "./events/polled_bot_events.ts";
import { makeServingRight } from "./make_serving_right.ts";
import { ServiceMetrics } from "./metrics/service_metrics.ts";
import { UsageSampler } from "./metrics/usage_sampler.ts";
import { Guards } from "./guards/guards.ts";
import { openNatsEvents, openPublisher } from "./open_events.ts";
import type { HostLock } from "./ownership/registered_right.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import { serveWhileHeld } from "./ownership/serve_while_held.ts";
import { StoreOwner } from "./ownership/store_owner.ts";
import { ReadyBots } from "./health/ready_bots.ts";
import { Watchdog } from "./health/watchdog.ts";
import { RunIncidents } from "./schedules/run_incidents.ts";
import { ScheduleService } from "./schedules/schedule_service.ts";
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

/** Answers of an operator that hold for one start. */
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
  const runner = given?.runner ?? createDockerRunner({
    config: config.runner,
    store,
    collectLogs: true,
    meter: metrics.runner,
    logListener: notifications.lines,
    keptMetrics: config.allowedMetrics.map(({ metric }) => metric),
  });
  const usage = new UsageSampler({ ...config, runner });
  metrics.watchUsage(usage);
  const calendars = new CalendarBook(`${config.runner.dataDir}/${CALENDARS_FOLDER}`);
  const kinds = kindsOf(config);
  const removeOrphans = onceUntilSuccess((signal) => runner.removeOrphans({ signal, kinds }));
  const owner = new StoreOwner({ ...stores, runner, ...options });
  for (const name of config.services) {
    rights.set(name, makeServingRight(name, config, { ...stores, runner, ...options }));
  }

  const events = await openEvents(config, stores);
  const guards = new Guards({
    records: stores.records,
    incidents: notifications.of.bots.incidents,
    wake: (id) => bots.wake(id),
    fleetFile: `${config.runner.dataDir}/guards.yaml`,
    onRules: () => bots.reviewWatches(),
    clock: systemClock,
  });
  const ready = new ReadyBots(stores.records);
  const watchdog = new Watchdog({
    runner,
    ready,
    healthOf: (id) => bots.healthOf(id),
    onHealth: (id, health) => bots.setHealth(id, health),
    incidents: notifications.of.bots.incidents,
    clock: systemClock,
  });
  const bots: BotService = new BotService({
    ...config,
    onOutage: (part, problem) => notifications.outages.report(`bots ${part}`, problem),
    gate: allGates([guards, new SessionGate({ calendars, clock: systemClock })]),
    watchers: [guards, watchdog],
    lastSettings: (id) => guards.lastSettings(id),
    meter: metrics,
    repository: stores.bots,
    events: events.bots,
    runner,
    removeOrphans,
    bounds: config.runner.bounds,
    calendars,
    isNewStore: () => owner.isNew(Date.now()),
    whyIdle: () => rights.get("bots")?.whyIdle(),
  });
  guards.follow(bots.state);
  bots.state.subscribe((id, bot) => {
    if (bot) return;
    ready.forget(id);
    runner.forgetMetrics(id);
  });
  metrics.watchGuards(guards);
  const schedules = new ScheduleService({
    ...config,
    onOutage: (part, problem) => notifications.outages.report(`schedules ${part}`, problem),
    meter: metrics,
    repository: stores.schedules,
    runs: stores.runs,
    events: events.schedules,
    runner,
    bounds: config.runner.bounds,
    calendars,
    instance: config.runner.instance,
    removeOrphans,
    whyIdle: () => rights.get("schedules")?.whyIdle(),
  });
  const backtests = new BacktestRepository(stores.records);
  const backtestService = new BacktestService({
    ...config,
    meter: metrics,
    repository: backtests,
    runner,
    instance: config.runner.instance,
    removeOrphans,
    whyIdle: () => rights.get("bots")?.whyIdle(),
  });
  if (config.services.includes("bots")) {
    metrics.watchBots({ bots: bots.state, runner, allowed: config.allowedMetrics });
  }
  if (config.services.includes("schedules")) metrics.watchSchedules(schedules.state);
  const services = {
    bots: {
      // Whoever serves the bots also runs their backtests.
      run: async (signal: AbortSignal) =>
        void await Promise.all([bots.run(signal), backtestService.run(signal), guards.run(signal)]),
    },
    schedules,
  };
  const publishers = config.natsUrl
    ? {
      bots: await openPublisher(config, BOT_SUBJECTS),
      schedules: await openPublisher(config, SCHEDULE_SUBJECTS),
    }
    : undefined;
  const api = composeApi(config, {
    stores,
    store,
    runner,
    calendars,
    rights,
    backtests,
    metrics,
    usage,
    guards,
    notifications: { ...notifications, served: config.services.map((name) => notifications.of[name]) },
    services: { bots, schedules, backtests: backtestService },
    async announce(kind, change) {
      // The document is written, so services find the change without the event.
      await publishers?.[kind]?.publish(change).catch((error) =>
        getLogger(["berth", "api"]).warn("change not announced", { id: change.id, problem: messageOf(error) })
      );
    },
  });

  const watches: Record<ServiceName, AccompanyOptions["watch"]> = {
    bots: (incidents) =>
      new BotIncidents({
        state: bots.state,
        incidents,
        lastLine: (id, signal) => lastLineOf(runner, id, signal),
        clock: systemClock,
      }),
    schedules: (incidents) =>
      new RunIncidents({
        ...stores,
        state: schedules.state,
        incidents,
        instance: config.runner.instance,
        clock: systemClock,
      }),
  };

  async function serve(name: ServiceName, signal: AbortSignal): Promise<void> {
    const log = getLogger(["berth", name]);
    const kind = name === "bots" ? "bot" : "run";
    const onOutage = (part: string, problem?: unknown) =>
      notifications.outages.report(`${name} ${part}`, problem);
    await serveWhileHeld({
      onOutage,
      right: rights.get(name)!,
      log,
      signal,
      clock: systemClock,
      async serve(signal) {
        // The runner has to know whose containers are its own before it lists, starts or stops any.
        const identity = await untilDone("store", (signal) => owner.name(signal), {
          onOutage,
          log,
          signal,
          clock: systemClock,
        }).catch((error) => {
          if (!signal.aborted) throw error;
        });
        if (!identity) return;
        const work = (signal: AbortSignal) => services[name].run(signal);
        await notifications.accompany(name, { watch: watches[name], work, signal });
      },
      async isLeavingBots() {
        const containers = await runner.listManagedContainers(config.segment, { kind });
        return containers.some(({ phase, isForeign }) => phase === "running" && !isForeign);
      },
    });
  }

  return {
    api: api.app,
    async run(signal) {
      await using _listening = await api.listen();
      // A service that cannot go on ends the other one: a supervisor can only restart the whole process.
      const failing = new AbortController();
      const ending = AbortSignal.any([signal, failing.signal]);
      const failures: unknown[] = [];
      await Promise.all(config.services.map((name) =>
        serve(name, ending).catch((error) => {
          failures.push(error);
          failing.abort(error);
        })
      ));
      if (failures.length > 0) throw failures[0];
    },
    bots,
    schedules,
    stores,
    runner,
    store,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await guards[Symbol.asyncDispose]();
      await notifications[Symbol.asyncDispose]();
      await usage[Symbol.asyncDispose]();
      await events.schedules[Symbol.asyncDispose]();
      await events.bots[Symbol.asyncDispose]();
      await Promise.all(Object.values(publishers ?? {}).map((one) => one?.[Symbol.asyncDispose]()));
      if (!given) await runner.close();
      await stores[Symbol.asyncDispose]();
    },
  };
}

async function openEvents(config: ServiceConfig, stores: Stores): Promise<Record<ServiceName, BotEvents>> {
  if (config.natsUrl) {
    return {
      bots: await openNatsEvents(config, "bots", BOT_SUBJECTS),
      schedules: await openNatsEvents(config, "schedules", SCHEDULE_SUBJECTS),
    };
  }
  const changes = stores.watchChanges?.();
  return {
    bots: localEvents(stores.watchChanges?.()),
    schedules: localEvents(changes && withoutDeletions(changes)),
  };
}

function localEvents(changes: ChangeSource | undefined): InProcessBotEvents | PolledBotEvents {
  return changes ? new PolledBotEvents(changes) : new InProcessBotEvents();
}

/** Drops deletions: the feed reports only bots, and a missing schedule needs no confirmation. */
function withoutDeletions(changes: ChangeSource): ChangeSource {
  return { poll: () => changes.poll() && [] };
}

/** A process removes leftovers only of the kinds it serves: another process may serve the rest. */
function kindsOf({ services }: ServiceConfig): ContainerKind[] {
  return services.flatMap((name): ContainerKind[] => name === "bots" ? ["bot", "backtest"] : ["run"]);
}

/** Reads the last line that a bot has printed. */
async function lastLineOf(runner: Runner, id: string, signal: AbortSignal): Promise<string | undefined> {
  for await (const { text } of runner.readLogs(id, { tail: 1, signal })) return text;
}

/** Shares one execution among all callers; after a failure, the next call tries again. */
function onceUntilSuccess(
  work: (signal: AbortSignal) => Promise<unknown>,
): (signal: AbortSignal) => Promise<unknown> {
  let shared: Promise<unknown> | undefined;
  return (signal) => {
    const current = shared ??= work(signal);
    current.catch(() => shared = undefined);
    return current;
  };
}
