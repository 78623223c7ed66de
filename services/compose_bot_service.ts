/**
 * Puts the services together from a configuration. `main.ts` calls it; nothing else knows all the adapters.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { createDockerRunner } from "../lib/runner/create_docker_runner.ts";
import { createObjectStore } from "../lib/runner/create_object_store.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { ContainerKind, Runner } from "../lib/runner/runner.ts";
import { BotService } from "./bots/bot_service.ts";
import { type ComposedScheduleService, composeScheduleService } from "./compose_schedule_service.ts";
import { makeServingRight, type ServiceLocks } from "./compose_rights.ts";
import { systemClock } from "../lib/util/clock.ts";
import { untilDone } from "./control/until_done.ts";
import type { BotRepository } from "./documents/bot_repository.ts";
import type { BotEvents } from "./events/bot_events.ts";
import { InProcessBotEvents } from "./events/in_process_bot_events.ts";
import { PolledBotEvents } from "./events/polled_bot_events.ts";
import { openBotRepository } from "./open_bot_repository.ts";
import { serveWhileHeld } from "./ownership/serve_while_held.ts";
import { StoreOwner } from "./ownership/store_owner.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";

/** The services with everything that they work with. */
export interface ComposedBotService extends AsyncDisposable {
  /**
   * Runs what the configuration says is served, until the signal is given.
   *
   * @returns Resolves when everything has ended.
   * @throws {InstanceLockedError} when another process of the same instance serves on this host.
   * @throws {ServingRightLostError} when another service has taken the right over.
   */
  run(signal: AbortSignal): Promise<void>;
  /** The schedule service and its parts. */
  readonly schedules: ComposedScheduleService;
  /** The bot service. */
  readonly service: BotService;
  /** The documents. */
  readonly repository: BotRepository;
  /** What tells of changed documents. */
  readonly events: BotEvents;
  /** What tells this service of changed documents from within its own process; absent where a bus does. */
  readonly inProcess?: Pick<InProcessBotEvents, "publish">;
  /** The containers. */
  readonly runner: Runner;
  /** Code, results and logs. */
  readonly store: ObjectStore;
}

/** Parts of the service that there are already. They stay their owner's to close. */
export interface GivenParts {
  /** The containers. */
  readonly runner: Runner;
  /** Code, results and logs. */
  readonly store: ObjectStore;
}

/** What an operator says for this one start. */
export interface ComposeOptions {
  /** Whether containers that carry this instance's name and come from another store are this store's. @default {false} */
  readonly adopt?: boolean;
  /** Whether whoever has the right to serve is gone, and its bots with it. @default {false} */
  readonly takeOver?: boolean;
}

/** What a process brings to {@linkcode composeBotService} for this one start. */
export interface ProcessParts extends ComposeOptions {
  /** Its locks; needed where several hosts share the database. */
  readonly locks?: ServiceLocks;
}

/**
 * Puts the services together: MongoDB, MinIO and NATS as far as they are configured, else SQLite, a folder and
 * events within the process. Dials nothing; SQLite's file is opened.
 *
 * @param config The configuration.
 * @param given See {@linkcode GivenParts}; absent: made from the configuration.
 * @param options See {@linkcode ProcessParts}.
 * @returns The parts. Dispose them when the service has ended.
 * @throws {StoreUnavailableError} when SQLite's file cannot be opened.
 */
export async function composeBotService(
  config: ServiceConfig,
  given?: GivenParts,
  options: ProcessParts = {},
): Promise<ComposedBotService> {
  const opened = await openBotRepository(config);
  const { repository, watchChanges } = opened;
  const store = given?.store ?? createObjectStore(config.runner);
  const runner = given?.runner ?? createDockerRunner({ config: config.runner, store, collectLogs: true });
  const local = () => watchChanges ? new PolledBotEvents(watchChanges()) : new InProcessBotEvents();
  const inProcess = config.natsUrl ? undefined : local();
  const events = inProcess ?? await openNatsEvents(config);
  const removeOrphans = once((signal) => runner.removeOrphans({ signal, kinds: kindsOf(config) }));
  const owner = new StoreOwner({ ...opened, runner, ...options });
  const isNewStore = () => owner.isNew(Date.now());
  const rights = new Map(
    config.services.map((name) => [name, makeServingRight(name, config, { ...opened, runner, ...options })]),
  );
  const whyIdle = () => rights.get("bots")?.whyIdle();
  const service = new BotService({
    ...config,
    repository,
    events,
    runner,
    removeOrphans,
    isNewStore,
    whyIdle,
  });
  const changes = watchChanges?.();
  const schedules = await composeScheduleService(config, {
    ...opened,
    ...(changes && { changes }),
    runner,
    removeOrphans,
  });
  const served = { bots: service, schedules: schedules.service };
  const serve = async (name: ServiceName, signal: AbortSignal) => {
    const log = getLogger(["berth", name]);
    const kind = name === "bots" ? "bot" : "run";
    await serveWhileHeld({
      right: rights.get(name)!,
      log,
      signal,
      clock: systemClock,
      async serve(signal) {
        // Before anything is listed, started or stopped.
        const named = await untilDone("store", (signal) => owner.name(signal), {
          log,
          signal,
          clock: systemClock,
        })
          .catch((error) => {
            if (!signal.aborted) throw error;
          });
        if (named) await served[name].run(signal);
      },
      async isLeavingBots() {
        const containers = await runner.listManagedContainers(config.segment, { kind });
        return containers.some(({ phase, isForeign }) => phase === "running" && !isForeign);
      },
    });
  };
  return {
    async run(signal) {
      // One that cannot go on ends the others: the process is started again, or told why not.
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
    service,
    schedules,
    repository,
    events,
    ...(inProcess && { inProcess }),
    runner,
    store,
    async [Symbol.asyncDispose]() {
      await schedules[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
      if (!given) await runner.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** Another process of the same instance may serve the others. */
function kindsOf({ services }: ServiceConfig): ContainerKind[] {
  const served = services.map((name) => name === "bots" ? "bot" as const : "run" as const);
  return served.length > 1 ? [...served, "backtest"] : served;
}

async function openNatsEvents({ natsUrl, runner }: ServiceConfig): Promise<BotEvents> {
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { durableNameOf, NatsBotEvents } = await import("./nats/nats_bot_events.ts");
  return new NatsBotEvents(connectNats(natsUrl!.reveal()), { durableName: durableNameOf(runner.instance) });
}

/** Lets what is to be done once for all services be done once; one that failed is done again. */
function once(work: (signal: AbortSignal) => Promise<unknown>): (signal: AbortSignal) => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return (signal) => {
    const doing = done ??= work(signal);
    doing.catch(() => done = undefined);
    return doing;
  };
}
