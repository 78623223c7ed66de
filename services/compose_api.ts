/**
 * Builds the API of one process from a configuration and its services.
 *
 * @module
 */

import { ExtractionPool } from "../lib/archive/extraction_pool.ts";
import PROJECT from "../deno.json" with { type: "json" };
import type { ObjectStore } from "../lib/objects/object_store.ts";
import { AgeFile } from "../lib/secrets/age_file.ts";
import type { Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import { type AnswerRequest, type ApiApp, createApiApp } from "./api/api_app.ts";
import { type ApiAddresses, ApiListener } from "./api/api_listener.ts";
import type { ApiParts } from "./api/api_parts.ts";
import type { Calendars } from "./calendars/calendar.ts";
import type { BacktestRepository } from "./backtests/backtest_repository.ts";
import type { BacktestService } from "./backtests/backtest_service.ts";
import type { BotService } from "./bots/bot_service.ts";
import { ownSocketOf, type ServiceConfig, type ServiceName } from "./config.ts";
import { Leaders } from "./leaders.ts";
import { lookAtParts } from "./look_at_parts.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import type { ScheduleService } from "./schedules/schedule_service.ts";
import type { Stores } from "./stores.ts";
import { type AnswerSupervisor, SUPERVISOR_PATH } from "./supervisors/supervisor_routes.ts";

/** Dependencies of the API. */
export interface ApiCompositionParts
  extends Pick<ApiParts, "announce" | "metrics" | "usage" | "notifications" | "guards"> {
  /** The trading calendars. */
  readonly calendars: Calendars;
  /** The database. */
  readonly stores: Stores;
  /** Code, results and logs. */
  readonly store: ObjectStore;
  /** The containers. */
  readonly runner: Runner;
  /** The rights of the services that the configuration names. */
  readonly rights: ReadonlyMap<ServiceName, ServingRight>;
  /** Answers the supervisors of a cluster. @default {there is none} */
  readonly supervisors?: AnswerSupervisor;
  /** The records of backtests. */
  readonly backtests: BacktestRepository;
  /** The services; the API uses those that the configuration names. */
  readonly services: {
    readonly bots: BotService;
    readonly schedules: ScheduleService;
    readonly backtests: BacktestService;
  };
}

/** The API of one process. */
export interface ComposedApi extends AsyncDisposable {
  /** The API, as a function. */
  readonly app: ApiApp;
  /** Serves it on its sockets, until the listener is disposed. */
  listen(): Promise<ApiListener>;
}

/** How long the audit is kept at least, in ms. */
const AUDIT_MS = 90 * 86_400_000;
/** How old a list of documents may be at most, in ms. */
const MAX_LIST_AGE_MS = 60_000;

/**
 * Builds the API.
 *
 * @param config The configuration.
 * @param parts See {@linkcode ApiCompositionParts}.
 * @returns The API. Dispose it when its listener has ended.
 */
export function composeApi(config: ServiceConfig, parts: ApiCompositionParts): ComposedApi {
  const {
    stores,
    store,
    runner,
    calendars,
    rights,
    backtests,
    services,
    announce,
    metrics,
    usage,
    notifications,
    guards,
  } = parts;
  const { tempDir, instance, buckets, archiveLimits, stateBytes, bounds, resources, network } = config.runner;
  const leads = (name: ServiceName) => rights.has(name) && rights.get(name)!.whyIdle() === undefined;
  // Its workers run only while an upload is checked.
  const archives = new ExtractionPool();
  let listener: ApiListener | undefined;
  const app = createApiApp({
    ...stores,
    store,
    runner,
    secrets: new AgeFile({ dataDir: config.runner.dataDir }),
    backtests,
    ...(config.services.includes("bots") &&
      { botService: services.bots, backtestService: services.backtests }),
    ...(config.services.includes("schedules") && { scheduleService: services.schedules }),
    announce,
    notifications,
    guards,
    metrics,
    usage,
    settings: {
      instance,
      segment: config.segment,
      // A resync may take longer once.
      listMaxAgeMs: Math.min(2 * config.reconcileIntervalMs, MAX_LIST_AGE_MS),
      auditMaxAgeMs: Math.max(AUDIT_MS, config.retention.maxAgeMs),
      buckets,
      archiveLimits,
      bounds,
      calendars,
      resources,
      network,
      keepRevisions: config.keepRevisions,
      stateBytes,
      uploadFolder: `${tempDir}/${instance}/uploads`,
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
    ...(stores.registry && config.peers && {
      peers: {
        ...config.peers,
        leaders: new Leaders(config, {
          registry: stores.registry,
          leads,
          hostId: (signal) => runner.hostId({ signal }),
          clock: systemClock,
        }),
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
  return {
    app,
    async listen() {
      // A request may come before a service has prepared the database. The services retry if this fails.
      await stores.records.open().catch(() => {});
      return listener = await ApiListener.listen(
        withSupervisors(app, parts.supervisors),
        addressesOf(config),
      );
    },
    async [Symbol.asyncDispose]() {
      app[Symbol.dispose]();
      await archives[Symbol.asyncDispose]();
    },
  };
}

/** Supervisors come with tokens of their own kind, hundreds a minute: they pass by the accounts of people. */
function withSupervisors(app: ApiApp, supervisors: AnswerSupervisor | undefined): AnswerRequest {
  if (!supervisors) return app;
  return (request, entrance, from) =>
    new URL(request.url).pathname.startsWith(SUPERVISOR_PATH)
      ? supervisors(request)
      : app(request, entrance, from);
}

function addressesOf(config: ServiceConfig): ApiAddresses {
  return { socket: ownSocketOf(config), ...(config.http && { tcp: config.http }) };
}
