/**
 * Builds the services of one process from a configuration. Only this file knows all the adapters.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ArchiveExtractor } from "../lib/archive/archive_extractor.ts";
import PROJECT from "../deno.json" with { type: "json" };
import { createDockerRunner } from "../lib/runner/create_docker_runner.ts";
import { createObjectStore } from "../lib/runner/create_object_store.ts";
import { messageOf } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { ContainerKind, Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import { apiSocketOf } from "../lib/util/api_socket.ts";
import { type ApiAddresses, ApiListener } from "./api/api_listener.ts";
import { type ApiApp, createApiApp } from "./api/api_app.ts";
import { BacktestRepository } from "./backtests/backtest_repository.ts";
import { BacktestService } from "./backtests/backtest_service.ts";
import { BotService } from "./bots/bot_service.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { untilDone } from "./control/until_done.ts";
import { BOT_SUBJECTS, SCHEDULE_SUBJECTS } from "./events/bot_event.ts";
import type { BotEvents } from "./events/bot_events.ts";
import type { ChangeSource } from "./events/change_source.ts";
import { InProcessBotEvents } from "./events/in_process_bot_events.ts";
import { PolledBotEvents } from "./events/polled_bot_events.ts";
import { openNatsEvents, openPublisher } from "./open_events.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { type HostLock, RegisteredRight } from "./ownership/registered_right.ts";
import { engineStartOf, lockIdOf, lookAtRivalLock } from "./ownership/rival_lock.ts";
import { serveWhileHeld } from "./ownership/serve_while_held.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import { stopSupersededBots } from "./ownership/stop_superseded_bots.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import { StoreOwner, toOwner } from "./ownership/store_owner.ts";
import { ScheduleService } from "./schedules/schedule_service.ts";
import { lookAtParts } from "./look_at_parts.ts";
import { openStores, type Stores } from "./stores.ts";
import { scopeOf } from "./who_serves.ts";

/** How long the audit is kept at least, in ms. */
const AUDIT_MS = 90 * 86_400_000;

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
  /** Publishes a change within this process, per kind of document. Absent if there is an event bus. */
  readonly publish?: Readonly<Record<ServiceName, InProcessBotEvents["publish"]>>;
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
  const stores = await openStores(config);
  const store = given?.store ?? createObjectStore(config.runner);
  const runner = given?.runner ?? createDockerRunner({ config: config.runner, store, collectLogs: true });
  const kinds = kindsOf(config);
  const removeOrphans = onceUntilSuccess((signal) => runner.removeOrphans({ signal, kinds }));
  const owner = new StoreOwner({ ...stores, runner, ...options });
  const rights = new Map(
    config.services.map((name) => [name, makeServingRight(name, config, { ...stores, runner, ...options })]),
  );

  const botEvents = config.natsUrl ? undefined : localEvents(stores.watchChanges?.());
  const scheduleChanges = stores.watchChanges?.();
  const scheduleEvents = config.natsUrl
    ? undefined
    : localEvents(scheduleChanges && withoutDeletions(scheduleChanges));
  const events: Record<ServiceName, BotEvents> = {
    bots: botEvents ?? await openNatsEvents(config, "bots", BOT_SUBJECTS),
    schedules: scheduleEvents ?? await openNatsEvents(config, "schedules", SCHEDULE_SUBJECTS),
  };
  const bots = new BotService({
    ...config,
    repository: stores.bots,
    events: events.bots,
    runner,
    removeOrphans,
    isNewStore: () => owner.isNew(Date.now()),
    whyIdle: () => rights.get("bots")?.whyIdle(),
  });
  const schedules = new ScheduleService({
    ...config,
    repository: stores.schedules,
    runs: stores.runs,
    events: events.schedules,
    runner,
    instance: config.runner.instance,
    removeOrphans,
    whyIdle: () => rights.get("schedules")?.whyIdle(),
  });
  const backtests = new BacktestRepository(stores.records);
  const backtestService = new BacktestService({
    ...config,
    repository: backtests,
    runner,
    instance: config.runner.instance,
    removeOrphans,
    whyIdle: () => rights.get("bots")?.whyIdle(),
  });
  const services = {
    bots: {
      // Whoever serves the bots also runs their backtests.
      run: async (signal: AbortSignal) =>
        void await Promise.all([bots.run(signal), backtestService.run(signal)]),
    },
    schedules,
  };
  const publishers = config.natsUrl
    ? {
      bots: await openPublisher(config, BOT_SUBJECTS),
      schedules: await openPublisher(config, SCHEDULE_SUBJECTS),
    }
    : undefined;
  // Its workers run only while an upload is checked.
  const archives = new ArchiveExtractor();
  let listener: ApiListener | undefined;
  const api = createApiApp({
    ...stores,
    store,
    runner,
    backtests,
    ...(config.services.includes("bots") && { botService: bots, backtestService }),
    ...(config.services.includes("schedules") && { scheduleService: schedules }),
    async announce(kind, change) {
      // The document is written, so services find the change without the event.
      await publishers?.[kind]?.publish(change).catch((error) =>
        getLogger(["berth", "api"]).warn("change not announced", { id: change.id, problem: messageOf(error) })
      );
    },
    settings: {
      instance: config.runner.instance,
      segment: config.segment,
      auditMaxAgeMs: Math.max(AUDIT_MS, config.retention.maxAgeMs),
      buckets: config.runner.buckets,
      archiveLimits: config.runner.archiveLimits,
      uploadFolder: `${config.runner.tempDir}/${config.runner.instance}/uploads`,
    },
    clock: systemClock,
    archives,
    ...(config.http && {
      tcp: {
        ...config.http,
        port: () => listener?.port,
        isSecure: config.http.tls !== undefined || config.http.isBehindProxy,
      },
    }),
    process: {
      version: PROJECT.version,
      // Secrets redact themselves.
      configuration: JSON.parse(JSON.stringify(config)),
      serving: () =>
        config.services.map((service) => {
          const reason = rights.get(service)!.whyIdle();
          return { service, serves: reason === undefined, ...(reason !== undefined && { reason }) };
        }),
      look: (signal) => lookAtParts(config, { store, runner }, signal),
    },
  });

  async function serve(name: ServiceName, signal: AbortSignal): Promise<void> {
    const log = getLogger(["berth", name]);
    const kind = name === "bots" ? "bot" : "run";
    await serveWhileHeld({
      right: rights.get(name)!,
      log,
      signal,
      clock: systemClock,
      async serve(signal) {
        // The runner has to know whose containers are its own before it lists, starts or stops any.
        const identity = await untilDone("store", (signal) => owner.name(signal), {
          log,
          signal,
          clock: systemClock,
        }).catch((error) => {
          if (!signal.aborted) throw error;
        });
        if (identity) await services[name].run(signal);
      },
      async isLeavingBots() {
        const containers = await runner.listManagedContainers(config.segment, { kind });
        return containers.some(({ phase, isForeign }) => phase === "running" && !isForeign);
      },
    });
  }

  return {
    api,
    async run(signal) {
      await using listening = await ApiListener.listen(api, apiAddresses(config));
      listener = listening;
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
    ...(botEvents && scheduleEvents && {
      publish: {
        bots: (change) => botEvents.publish(change),
        schedules: (change) => scheduleEvents.publish(change),
      },
    }),
    runner,
    store,
    async [Symbol.asyncDispose]() {
      api[Symbol.dispose]();
      await events.schedules[Symbol.asyncDispose]();
      await events.bots[Symbol.asyncDispose]();
      await Promise.all(Object.values(publishers ?? {}).map((one) => one?.[Symbol.asyncDispose]()));
      await archives[Symbol.asyncDispose]();
      if (!given) await runner.close();
      await stores[Symbol.asyncDispose]();
    },
  };
}

/** The parts that decide how a service gets its right to serve. */
interface ServingRightParts extends Pick<ProcessParts, "locks" | "takeOver"> {
  readonly registry?: ServiceRegistry;
  readonly identities: StoreIdentities;
  readonly runner: Pick<Runner, "hostId" | "setOwner" | "superviseContainers" | "stopContainer">;
}

/** The right is a registration in MongoDB, or a lock beside the embedded database. */
function makeServingRight(
  name: ServiceName,
  config: ServiceConfig,
  { registry, identities, runner, locks, takeOver = false }: ServingRightParts,
): ServingRight {
  const own = scopeOf(name, config);
  const log = getLogger(["berth", name]);
  const common = { scope: own, log, clock: systemClock };
  if (!registry) return new LockedRight({ ...common, dataDir: config.runner.dataDir });
  const lock = locks?.[name];
  if (!lock) throw new TypeError(`A service on a shared database needs a lock, and '${name}' has none`);
  const engineStart = () => engineStartOf(config.runner.dockerHost);
  return new RegisteredRight({
    ...common,
    engineStart,
    registry,
    hostId: (signal) => runner.hostId({ signal }),
    lock,
    lockIdOf,
    lookAtLock: (record) =>
      lookAtRivalLock(record, {
        path: lock.path,
        isHeld: () => lock.isHeld(),
        engineStart: engineStart(),
      }),
    takeOver,
    async fence(other, signal) {
      // A service that stands by has not read the store's identity yet.
      runner.setOwner(toOwner(await identities.read({ signal })));
      await stopSupersededBots({ own, other, runner, log, signal });
    },
  });
}

function apiAddresses({ runner: { tempDir, instance }, services, http }: ServiceConfig): ApiAddresses {
  const part = services.includes("bots") ? undefined : "schedules";
  return { socket: apiSocketOf(tempDir, instance, part), ...(http && { tcp: http }) };
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
