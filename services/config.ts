/**
 * The configuration of the services, which includes the runner's.
 *
 * @module
 */

import { z } from "zod";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { CONFIG_VARIABLES, parseDockerRunnerConfig } from "../lib/runner/parse_docker_runner_config.ts";
import { formatIssue, InvalidConfigError, type Issue } from "../lib/errors.ts";
import { about } from "../lib/runner/variable_notes.ts";
import { ALL_SEGMENTS } from "../lib/runner/runner.ts";
import { apiSocketOf } from "../lib/util/api_socket.ts";
import { Secret } from "../lib/util/secret.ts";
import { problemOfMongoUri, problemOfNatsUrl } from "../lib/util/server_addresses.ts";
import { HTTP_SHAPE, type HttpConfig, toHttpConfig, unsafeHttp } from "./http_config.ts";
import { type PeerConfig, peerConfigOf, type PeerVariables } from "./peer_config.ts";
import { type AllowedMetric, MAX_ALLOWED_METRICS, parseAllowedMetrics } from "./metrics/allowed_metrics.ts";
import type { RunRetention } from "./schedules/run_repository.ts";

/** Name of a service. */
export type ServiceName = (typeof SERVICES)[number];

/** All settings. Parsed by {@linkcode parseServiceConfig}. */
export interface ServiceConfig {
  /** Settings of the runner. */
  readonly runner: DockerRunnerConfig;
  /**
   * Connection string of MongoDB. Absent for SQLite in the runner's `dataDir`. A secret, because it holds a
   * password.
   */
  readonly mongoUri?: Secret;
  /**
   * Address of the event bus. Absent for events within this process. A secret, because it may hold a
   * password.
   */
  readonly natsUrl?: Secret;
  /** The services to run. */
  readonly services: readonly ServiceName[];
  /** Longest time between two checks for due schedules, in ms. */
  readonly checkIntervalMs: number;
  /** Maximum number of scheduled runs at once. */
  readonly maxConcurrentRuns: number;
  /** Maximum number of backtests that run at once. */
  readonly maxConcurrentBacktests: number;
  /** How much history each schedule keeps. */
  readonly retention: RunRetention;
  /** How many revisions of each bot and schedule one can go back to, unless its document says otherwise. */
  readonly keepRevisions: number;
  /** How long a bot on a cluster may live without a renewal of its lease, in seconds. */
  readonly leaseSeconds: number;
  /** Time between two full resyncs, in ms. */
  readonly reconcileIntervalMs: number;
  /** Segment to serve, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Whether the bots keep running when Berth stops. */
  readonly botsOnShutdown: "keep" | "stop";
  /** Whether many bots may be stopped at once because their documents vanished. */
  readonly allowMassStop: boolean;
  /** Absolute path of the file that describes the channels of notifications. */
  readonly channelsFile: string;
  /** Space that should be free on the disks that Berth writes to, in bytes; 0 to watch nothing. */
  readonly minFreeDiskBytes: number;
  /** Address that is pinged each minute while the service serves; absent for none. A secret, as it names an account. */
  readonly heartbeatUrl?: Secret;
  /** Where the API listens on TCP, besides the unix socket; absent for nowhere. */
  readonly http?: HttpConfig;
  /** How Berths that share MongoDB reach each other; absent if nothing says it, or the database is embedded. */
  readonly peers?: PeerConfig;
  /** Lowest level that is logged. */
  readonly logLevel: "debug" | "info" | "warning" | "error";
  /** The bots' own metrics that `/metrics` shows. */
  readonly allowedMetrics: readonly AllowedMetric[];
}

const SERVICES = ["bots", "schedules"] as const;
const DAY_MS = 86_400_000;

/**
 * Returns the path of the socket that a process with a configuration serves.
 *
 * @param config The configuration.
 */
export function ownSocketOf(
  { runner: { tempDir, instance }, services }: Pick<ServiceConfig, "runner" | "services">,
): string {
  return apiSocketOf(tempDir, instance, services.includes("bots") ? undefined : "schedules");
}

/** The variables of the services, with their documentation. */
export const SERVICE_SCHEMA = z.object({
  MONGO_URI: z.string().superRefine(checkWith(problemOfMongoUri)).optional().meta(
    about("Servers", "documents and run records; if absent, they are in SQLite in DATA_DIR"),
  ),
  NATS_URL: z.string().superRefine(checkWith(problemOfNatsUrl)).optional().meta(
    about(
      "Servers",
      "events about changed documents, several servers separated by commas; if absent, Berth looks for changes in SQLite every half second, in MongoDB every RECONCILE_INTERVAL",
    ),
  ),
  SERVICES: z.string().default(SERVICES.join(",")).transform((text) =>
    text.split(",").map((name) => name.trim())
  )
    .pipe(z.array(z.enum(SERVICES, `must be ${SERVICES.join(", ")} or both, with a comma between`))).meta(
      about("Service", "what this process serves"),
    ),
  CHECK_INTERVAL: z.string().regex(/^([1-9]|[1-5]\d|60)$/, "must be a whole number of seconds from 1 to 60")
    .default(
      "10",
    ).meta(
      about(
        "Schedules",
        "seconds between two checks of schedules and runs, in case a timer or event was missed",
      ),
    ),
  MAX_CONCURRENT_RUNS: z.string().regex(/^[1-9]\d{0,3}$/, "must be a whole number from 1 to 9999").default(
    "10",
  ).meta(about("Schedules", "runs at the same time; others wait in order")),
  MAX_CONCURRENT_BACKTESTS: z.string().regex(/^[1-9]\d{0,2}$/, "must be a whole number from 1 to 999")
    .default(
      "2",
    ).meta(about("Schedules", "backtests at the same time; others wait in order")),
  RUN_HISTORY_LIMIT: z.string().regex(/^[1-9]\d{0,4}$/, "must be a whole number from 1 to 99999").default(
    "100",
  ).meta(about("Schedules", "run records kept of each schedule, and backtests of each bot")),
  RUN_HISTORY_DAYS: z.string().regex(/^[1-9]\d{0,3}$/, "must be a whole number of days from 1 to 9999")
    .default("30").meta(about("Schedules", "days that records of runs and backtests are kept")),
  KEEP_REVISIONS: z.string().regex(/^([1-9]\d?|100)$/, "must be a whole number from 1 to 100").default("10")
    .meta(
      about(
        "Service",
        "revisions of each bot and schedule that you can go back to; their archives are kept; `keep_revisions` of a document overrides it",
      ),
    ),
  RECONCILE_INTERVAL: z.string().regex(/^[1-9]\d{0,5}$/, "must be a whole number of seconds").default("30")
    .meta(about("Service", "seconds between two full resyncs")),
  LEASE_SECONDS: z.string().regex(
    /^([3-9]|[1-9]\d{1,2}|[12]\d{3}|3[0-5]\d{2}|3600)$/,
    "must be a whole number of seconds from 3 to 3600",
  )
    .default("30").meta(
      about(
        "Service",
        "seconds that a bot of a Swarm lives without Berth: a short time moves it soon when its node is lost, a long one is patient with outages; only with RUNNER=swarm",
      ),
    ),
  SEGMENT_ID: z.string().regex(/^(-1|\d{1,9})$/, "must be a number of a segment, or -1 for all").default(
    String(ALL_SEGMENTS),
  ).meta(about("Service", "segment that this service serves")),
  BOTS_ON_SHUTDOWN: z.enum(["keep", "stop"], "must be keep or stop").default("keep").meta(
    about("Service", "whether the bots keep running when the service stops"),
  ),
  ALLOW_MASS_STOP: z.enum(["0", "1"], "must be 0 or 1").default("0").meta(
    about("Service", "1 lets any number of bots stop at once because their documents vanished"),
  ),
  CHANNELS_FILE: z.string().regex(/^\/[^\0]*$/, "must be an absolute path").optional().meta(
    about(
      "Notifications",
      "file of the notification channels; read again when it changes",
      "DATA_DIR/channels.yaml",
    ),
  ),
  MIN_FREE_DISK_MB: z.string().regex(/^\d{1,9}$/, "must be a whole number").default("1024").meta(
    about("Notifications", "space in MiB below which a disk counts as nearly full; 0 watches none"),
  ),
  HEARTBEAT_URL: z.string().refine(isHttpAddress, "must be an address that begins with https:// or http://")
    .optional().meta(
      about(
        "Notifications",
        "address that is pinged each minute while this process serves, so that another service notices when it does not",
      ),
    ),
  ...HTTP_SHAPE,
  METRICS_ALLOW: z.string().default("").transform((text, context) => {
    const allowed = parseAllowedMetrics(text);
    if (allowed) return allowed;
    context.addIssue({
      code: "custom",
      message:
        `must be at most ${MAX_ALLOWED_METRICS} names of metrics separated by commas, each with a field ` +
        "after a colon or without one, such as equity,fill:price",
    });
    return z.NEVER;
  }).meta(
    about(
      "Service",
      "the bots' own metrics that `/metrics` shows, separated by commas: `equity` is the number in the field `value` of the metric `equity`, `fill:price` that in `price` of `fill`",
    ),
  ),
  LOG_LEVEL: z.enum(["debug", "info", "warning", "error"], "must be debug, info, warning or error").default(
    "info",
  ).meta(about("Service", "least severe level that the service logs")),
});

/** Names of the variables that {@linkcode parseServiceConfig} reads. */
export const SERVICE_VARIABLES: readonly string[] = [
  ...CONFIG_VARIABLES,
  ...Object.keys(SERVICE_SCHEMA.shape),
];

/**
 * Parses the configuration. Without `MONGO_URI`, `MINIO_ENDPOINT` and `NATS_URL`, it selects the embedded
 * default.
 *
 * @param variables For example the environment. An empty value counts as missing.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem and what is missing.
 */
export function parseServiceConfig(variables: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const given = Object.fromEntries(
    Object.keys(SERVICE_SCHEMA.shape).map((name) => [name, variables[name]?.trim()]).filter(([, value]) =>
      value
    ),
  );
  const parsed = SERVICE_SCHEMA.safeParse(given);
  // An address may hold a password, so no message shows it.
  const issues = (parsed.error?.issues ?? []).map(({ path, message }): Issue => ({
    path: String(path[0]),
    message,
  }));
  issues.push(
    ...missing(variables, parsed.data?.SERVICES ?? []),
    ...(parsed.data ? unsafeHttp(parsed.data) : []),
  );
  const http = parsed.data && toHttpConfig(parsed.data);
  const { peers, issues: ofPeers } = peerConfigOf(setOf(variables), http);
  issues.push(...ofPeers);
  let runner: DockerRunnerConfig | undefined;
  try {
    runner = parseDockerRunnerConfig(variables);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    issues.push(...error.issues);
  }
  if (!runner || !parsed.success || issues.length > 0) throw new InvalidConfigError(distinct(issues));
  const value = parsed.data;
  return {
    runner,
    ...(value.MONGO_URI && { mongoUri: new Secret(value.MONGO_URI) }),
    ...(value.NATS_URL && { natsUrl: new Secret(value.NATS_URL) }),
    services: value.SERVICES,
    checkIntervalMs: Number(value.CHECK_INTERVAL) * 1000,
    maxConcurrentRuns: Number(value.MAX_CONCURRENT_RUNS),
    maxConcurrentBacktests: Number(value.MAX_CONCURRENT_BACKTESTS),
    retention: {
      maxRecords: Number(value.RUN_HISTORY_LIMIT),
      maxAgeMs: Number(value.RUN_HISTORY_DAYS) * DAY_MS,
    },
    keepRevisions: Number(value.KEEP_REVISIONS),
    reconcileIntervalMs: Number(value.RECONCILE_INTERVAL) * 1000,
    leaseSeconds: Number(value.LEASE_SECONDS),
    segment: Number(value.SEGMENT_ID),
    botsOnShutdown: value.BOTS_ON_SHUTDOWN,
    allowMassStop: value.ALLOW_MASS_STOP === "1",
    channelsFile: value.CHANNELS_FILE ?? `${runner.dataDir}/channels.yaml`,
    minFreeDiskBytes: Number(value.MIN_FREE_DISK_MB) * 1024 ** 2,
    ...(value.HEARTBEAT_URL && { heartbeatUrl: new Secret(value.HEARTBEAT_URL) }),
    ...(http && { http }),
    ...(peers && value.MONGO_URI && { peers }),
    logLevel: value.LOG_LEVEL,
    allowedMetrics: value.METRICS_ALLOW,
  };
}

/** An empty value counts as missing. */
function setOf(variables: Readonly<Record<string, string | undefined>>): PeerVariables {
  const { BERTH_URLS, BERTH_CA, ADVERTISE_URL } = variables;
  const valueOf = (text: string | undefined) => text?.trim() || undefined;
  return {
    BERTH_URLS: valueOf(BERTH_URLS),
    BERTH_CA: valueOf(BERTH_CA),
    ADVERTISE_URL: valueOf(ADVERTISE_URL),
  };
}

/** Reports variables that are missing although related ones are set. */
function missing(
  variables: Readonly<Record<string, string | undefined>>,
  services: readonly ServiceName[],
): Issue[] {
  const isSet = (name: string) => Boolean(variables[name]?.trim());
  const present = ["MONGO_URI", "MINIO_ENDPOINT", "NATS_URL"].filter(isSet);
  if (variables.RUNNER?.trim() === "swarm" && !isSet("MONGO_URI")) {
    const message =
      "is missing, but RUNNER is swarm: leases and documents have to outlive the host of any one Berth";
    return [{ path: "MONGO_URI", message }];
  }
  if (present.length === 0) return [];
  // The runner itself reports missing MinIO credentials once the endpoint is set.
  const issues: Issue[] = ["MONGO_URI", "MINIO_ENDPOINT"].filter((name) => !isSet(name)).map((path) => ({
    path,
    message: `is missing, but ${present.join(" and ")} is set; ` +
      "set MONGO_URI, MINIO_* and NATS_URL, or none of them for the embedded default",
  }));
  if (!isSet("NATS_URL") && isSet("MONGO_URI") && services.includes("schedules")) {
    issues.push({
      path: "NATS_URL",
      message: "is missing, and schedules in MongoDB need it; set it, or serve bots alone with SERVICES=bots",
    });
  }
  return issues;
}

function isHttpAddress(text: string): boolean {
  return /^https?:\/\/[^/]/i.test(text) && URL.canParse(text);
}

function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [formatIssue(issue), issue])).values()];
}

function checkWith(problemOf: (value: string) => string | undefined) {
  return (value: string, context: z.RefinementCtx) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}
