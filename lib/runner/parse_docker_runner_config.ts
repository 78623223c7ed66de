/**
 * Reads the configuration of a runner from variables such as the environment, and checks it as a whole.
 *
 * @module
 */

import type { z } from "zod";
import { type ClusterConfig, clusterConfigOf } from "./cluster_config.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../archive/archive_limits.ts";
import { InvalidConfigError, type Issue } from "../errors.ts";
import { builderEnvironment } from "../dependencies/builder_environment.ts";
import { withoutCredentials } from "../util/connection_string.ts";
import type { SecretsConfig } from "../secrets/create_secret_resolver.ts";
import { Secret } from "../util/secret.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { imagesOf } from "./images_of.ts";
import type { LimitBounds } from "./limit_bounds.ts";
import { RUNNER_SCHEMA } from "./runner_schema.ts";

const MIB = 1024 * 1024;

/** Names of the variables that {@linkcode parseDockerRunnerConfig} reads. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(RUNNER_SCHEMA.shape);
/** Variables of the services and the commands that hold credentials. */
const BERTH_VARIABLES: ReadonlySet<string> = new Set(["MONGO_URI", "NATS_URL", "BERTH_TOKEN"]);

/**
 * Reads the configuration. docs/configuration.md lists names, meanings and defaults. An empty value counts as not set.
 *
 * @param variables Names and values, for example `Deno.env.toObject()`. Unknown names are ignored.
 * @returns The configuration. Printing it does not show its secrets.
 * @throws {InvalidConfigError} If a value cannot be used; `issues` lists every problem.
 *
 * @example Limit the memory of each bot
 * ```ts
 * import { parseDockerRunnerConfig } from "@berth/runner";
 *
 * const config = parseDockerRunnerConfig({ BOT_MEMORY_LIMIT_MB: "256" });
 * console.assert(config.resources.memoryBytes === 256 * 1024 * 1024);
 * ```
 */
export function parseDockerRunnerConfig(
  variables: Readonly<Record<string, string | undefined>>,
): DockerRunnerConfig {
  const given = Object.fromEntries(
    CONFIG_VARIABLES.map((name) => [name, variables[name]?.trim()]).filter(([, value]) => value),
  );
  const parsed = RUNNER_SCHEMA.safeParse(given);
  const { cluster, issues: clusterIssues } = clusterConfigOf(given);
  const issues = [
    ...(parsed.error?.issues ?? []).map(toIssue(given)),
    ...missingMinio(given),
    ...contradictorySsl(parsed.data),
    ...ownVariables(parsed.data),
    ...lowBounds(parsed.data),
    ...clusterIssues,
  ];
  if (!parsed.success || issues.length > 0) throw new InvalidConfigError(issues);
  const value = parsed.data;
  // Without a default, a bot that sets nothing would pass the bound.
  const cpus = value.BOT_CPUS ?? value.MAX_BOT_CPUS;
  return {
    instance: value.BERTH_INSTANCE,
    dockerHost: engineOf(value.DOCKER_HOST, cluster),
    ...(cluster && { cluster }),
    tempDir: value.TEMP_DIR,
    dataDir: dataDirOf(value),
    ...(value.MINIO_ENDPOINT && {
      minio: {
        ...value.MINIO_ENDPOINT,
        ssl: value.MINIO_SSL ?? value.MINIO_USE_SSL ?? false,
        accessKey: new Secret(value.MINIO_ACCESS_KEY!),
        secretKey: new Secret(value.MINIO_SECRET_KEY!),
      },
    }),
    buckets: {
      code: value.MINIO_CODE_BUCKET,
      results: value.MINIO_BACKTESTS_BUCKET,
      logs: value.MINIO_LOGS_BUCKET,
      state: value.MINIO_STATE_BUCKET,
    },
    images: imagesOf(value.RUNTIME_IMAGES),
    ...dockerConfigOf(value),
    resources: {
      memoryBytes: value.BOT_MEMORY_LIMIT_MB * MIB,
      cpuShares: value.BOT_CPU_SHARES,
      ...(cpus !== undefined && { cpus }),
      pids: value.BOT_PIDS_LIMIT,
      ...(value.BOT_DISK_LIMIT_MB > 0 && { diskBytes: value.BOT_DISK_LIMIT_MB * MIB }),
    },
    stateBytes: value.BOT_STATE_LIMIT_MB * MIB,
    logs: { maxSizeBytes: value.BOT_LOG_MAX_SIZE_MB * MIB, maxFiles: value.BOT_LOG_MAX_FILES },
    logIntervalSeconds: value.LOG_INTERVAL,
    logMode: value.LOG_MODE,
    logFormat: value.LOG_FORMAT,
    logRetentionDays: value.LOG_RETENTION_DAYS,
    secrets: secretsOf(value, variables),
    network: value.BOT_NETWORK,
    bounds: boundsOf(value),
    ...(value.BOT_USER && { botUser: value.BOT_USER }),
    botUids: value.BOT_UID_RANGE,
    capabilities: value.BOT_CAPABILITIES,
    allowNewPrivileges: value.BOT_ALLOW_NEW_PRIVILEGES,
    stopGraceSeconds: value.STOP_GRACE_SECONDS,
    startConcurrency: value.START_CONCURRENCY,
    archiveLimits: {
      maxEntries: value.ARCHIVE_MAX_ENTRIES,
      maxTotalBytes: value.ARCHIVE_MAX_TOTAL_MB * MIB,
      maxFileBytes: value.ARCHIVE_MAX_FILE_MB * MIB,
      maxRatio: value.ARCHIVE_MAX_RATIO,
      ratioFreeBytes: DEFAULT_ARCHIVE_LIMITS.ratioFreeBytes,
    },
    builds: {
      memoryBytes: value.BUILD_MEMORY_LIMIT_MB * MIB,
      diskBytes: value.BUILD_DISK_LIMIT_MB * MIB,
      timeoutMs: value.BUILD_TIMEOUT_SECONDS * 1000,
      network: value.BUILD_NETWORK ?? (value.BOT_NETWORK === "none" ? "bridge" : value.BOT_NETWORK),
      environment: builderEnvironment(value),
      ...(value.SSL_CERT_FILE && { certificates: value.SSL_CERT_FILE }),
    },
    codeCacheBytes: value.CODE_CACHE_MB * MIB,
  };
}

/**
 * Commands that need no service, such as `berth run`, need an engine on this machine, even if a cluster runs the bots.
 */
function engineOf(given: string, cluster: ClusterConfig | undefined): string {
  const socket = cluster?.managers.find(({ host }) => host === undefined);
  return socket && "socketPath" in socket ? `unix://${socket.socketPath}` : given;
}

function secretsOf(
  value: z.output<typeof RUNNER_SCHEMA>,
  variables: Readonly<Record<string, string | undefined>>,
): SecretsConfig {
  const { SECRETS_DIR: dir, SECRETS_RUN_DIR: runDir, XDG_RUNTIME_DIR: sessionDir, VAULT_ADDR: address } =
    value;
  const env = value.SECRET_ENV.map((
    name,
  ) => [name, variables[name] ? new Secret(variables[name]) : undefined]);
  return {
    dir: dir ?? `${dataDirOf(value)}/secrets`,
    env: Object.fromEntries(env),
    ...(runDir !== undefined && { runDir }),
    ...(sessionDir !== undefined && { sessionDir }),
    ...(address !== undefined && {
      vault: {
        address,
        ...(value.VAULT_TOKEN_FILE !== undefined && { tokenFile: value.VAULT_TOKEN_FILE }),
        ...(value.VAULT_TOKEN !== undefined && { token: new Secret(value.VAULT_TOKEN) }),
      },
    }),
  };
}

/** Documents come from other programs: none of them may give Berth's own credentials to a bot. */
function ownVariables({ SECRET_ENV: names = [] }: { SECRET_ENV?: readonly string[] } = {}): Issue[] {
  const own = names.filter((name) => CONFIG_VARIABLES.includes(name) || BERTH_VARIABLES.has(name));
  return own.map((name) => ({
    path: "SECRET_ENV",
    message: `names ${name}, which configures Berth itself; give the secret a variable of its own`,
  }));
}

function boundsOf(value: z.output<typeof RUNNER_SCHEMA>): LimitBounds {
  const { BOT_NETWORK: network, MAX_BOT_CPUS: cpus, MAX_BOT_CPU_SHARES: cpuShares, MAX_BOT_PIDS: pids } =
    value;
  const reachingLess = network === "host" ? ["bridge", "none"] : ["none"];
  return {
    ...(value.MAX_BOT_MEMORY_MB !== undefined && { memoryBytes: value.MAX_BOT_MEMORY_MB * MIB }),
    ...(cpus !== undefined && { cpus }),
    ...(cpuShares !== undefined && { cpuShares }),
    ...(pids !== undefined && { pids }),
    ...(value.MAX_BOT_DISK_MB !== undefined && { diskBytes: value.MAX_BOT_DISK_MB * MIB }),
    stateBytes: value.BOT_STATE_LIMIT_MB * MIB,
    networks: value.ALLOWED_BOT_NETWORKS ?? [...new Set([network, ...reachingLess])],
    ...(value.RUNNER === "swarm" && { hasNodes: true }),
  };
}

const BOUNDED = [
  ["BOT_MEMORY_LIMIT_MB", "MAX_BOT_MEMORY_MB"],
  ["BOT_CPUS", "MAX_BOT_CPUS"],
  ["BOT_CPU_SHARES", "MAX_BOT_CPU_SHARES"],
  ["BOT_PIDS_LIMIT", "MAX_BOT_PIDS"],
  ["BOT_DISK_LIMIT_MB", "MAX_BOT_DISK_MB"],
] as const;

/** A bot that sets nothing must not get more than one that asks. */
function lowBounds(value: z.output<typeof RUNNER_SCHEMA> | undefined): Issue[] {
  return BOUNDED.flatMap(([limit, bound]) => {
    const [most, usual] = [value?.[bound], value?.[limit]];
    if (most === undefined || usual === undefined) return [];
    if (limit === "BOT_DISK_LIMIT_MB" && usual === 0) {
      return [{
        path: bound,
        message: `has no effect, as ${limit} is 0, which is no limit; set both or none`,
      }];
    }
    if (usual <= most) return [];
    return [{ path: bound, message: `must be at least ${limit}, which is ${usual} (is ${most})` }];
  });
}

/**
 * Returns the folder of Berth's data.
 *
 * @param variables The environment variables.
 */
export function dataDirOf(
  variables: { readonly DATA_DIR?: string; readonly XDG_DATA_HOME?: string; readonly HOME?: string },
): string {
  return variables.DATA_DIR || defaultDataDir(variables);
}

function defaultDataDir({ XDG_DATA_HOME, HOME }: { XDG_DATA_HOME?: string; HOME?: string }): string {
  if (XDG_DATA_HOME) return `${XDG_DATA_HOME}/berth`;
  return HOME ? `${HOME}/.local/share/berth` : "/var/lib/berth";
}

function dockerConfigOf(
  { DOCKER_CONFIG, HOME }: { DOCKER_CONFIG?: string; HOME?: string },
): Pick<DockerRunnerConfig, "dockerConfigFile"> {
  const folder = DOCKER_CONFIG ?? (HOME && `${HOME}/.docker`);
  return folder ? { dockerConfigFile: `${folder}/config.json` } : {};
}

function missingMinio(given: Record<string, string>): Issue[] {
  const needed = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
  const missing = needed.filter((name) => !given[name]);
  if (missing.length === 0 || missing.length === needed.length) return [];
  const present = needed.filter((name) => given[name]).join(" and ");
  return missing.map((path) => ({
    path,
    message: `is missing, but ${present} is set; set all three for MinIO, none for a local folder`,
  }));
}

/** Other tools use the second name. */
function contradictorySsl(value: { MINIO_SSL?: boolean; MINIO_USE_SSL?: boolean } = {}): Issue[] {
  const { MINIO_SSL: ssl, MINIO_USE_SSL: useSsl } = value;
  if (ssl === undefined || useSsl === undefined || ssl === useSsl) return [];
  return [{ path: "MINIO_USE_SSL", message: `says ${useSsl}, and MINIO_SSL says ${ssl}; set one of them` }];
}

function toIssue(given: Record<string, string>): (issue: z.core.$ZodIssue) => Issue {
  return (issue) => {
    const name = String(issue.path[0]);
    const shown = /KEY|SECRET|PASSWORD|TOKEN|URI/.test(name)
      ? ""
      : ` (is ${JSON.stringify(withoutCredentials(given[name] ?? ""))})`;
    return { path: name, message: `${issue.message}${shown}` };
  };
}
