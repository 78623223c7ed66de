/**
 * Reads the configuration of a runner from variables such as the environment, and checks it as a whole.
 *
 * @module
 */

import { z } from "zod";
import { DEFAULT_ARCHIVE_LIMITS } from "../archive/archive_limits.ts";
import { InvalidConfigError, type Issue } from "../errors.ts";
import { RUNTIMES } from "../executable/runtimes.ts";
import type { UidRange } from "../users/bot_users.ts";
import { parseConnectionString, withoutCredentials } from "../util/connection_string.ts";
import { Secret } from "../util/secret.ts";
import { type DockerRunnerConfig, MAX_LOG_INTERVAL_SECONDS } from "./docker_runner_config.ts";

const MIB = 1024 * 1024;
/** Above what systemd, sssd and subordinate ids use by default, below what 32 bits with a sign hold. */
const DEFAULT_BOT_UIDS: UidRange = { first: 2_001_000_000, last: 2_100_999_999 };
/** Below it are users of the system and of people; above it tools that read a sign fail. */
const MIN_BOT_UID = 1000;
const MAX_BOT_UID = 2 ** 31 - 2;
/** With fewer, bots would often meet in one. */
const MIN_BOT_UIDS = 1000;
const CAPABILITY = /^[A-Z][A-Z_]*$/;

const absolutePath = z.string().regex(/^\/[^\0]*$/, "must be an absolute path")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'")
  .transform(withoutEndingSlashes);
const bucket = z.string().regex(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "must be a bucket name: 3 to 63 lower-case letters, digits, '.' or '-'",
);
const flag = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

function withoutEndingSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function integer(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`).transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

function withDefault<T>(type: z.ZodType<T, string>, value: T): z.ZodType<T> {
  return type.optional().transform((given) => given ?? value) as z.ZodType<T>;
}

const schema = z.object({
  BERTH_INSTANCE: withDefault(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1 to 32 lower-case letters, digits or '-'"),
    "main",
  ),
  DOCKER_HOST: withDefault(
    z.string().regex(
      /^unix:\/\/\/./,
      "must be unix:///path/to/docker.sock: code is mounted from this machine's folders, so the engine must be on it",
    ),
    "unix:///var/run/docker.sock",
  ),
  TEMP_DIR: withDefault(absolutePath, "/tmp/runtime"),
  DATA_DIR: absolutePath.optional(),
  MINIO_ENDPOINT: z.string().transform(parseEndpoint).optional(),
  MINIO_ACCESS_KEY: z.string().optional(),
  MINIO_SECRET_KEY: z.string().optional(),
  MINIO_SSL: flag.optional(),
  MINIO_USE_SSL: flag.optional(),
  MINIO_CODE_BUCKET: withDefault(bucket, "custom-bots"),
  MINIO_BACKTESTS_BUCKET: withDefault(bucket, "test-results"),
  MINIO_LOGS_BUCKET: withDefault(bucket, "bot-logs"),
  RUNTIME_IMAGES: withDefault(z.string().transform(parseImages), {}),
  BOT_MEMORY_LIMIT_MB: withDefault(integer(6, 1_048_576), 512),
  BOT_CPU_SHARES: withDefault(integer(2, 262_144), 512),
  BOT_PIDS_LIMIT: withDefault(integer(8, 65_536), 256),
  BOT_NETWORK: withDefault(
    z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "must be host, bridge, none or the name of a network"),
    "host",
  ),
  BOT_USER: z.string().regex(/^\d{1,9}:\d{1,9}$/, "must be uid:gid, for example 1000:1000").optional(),
  BOT_UID_RANGE: withDefault(z.string().transform(parseUidRange), DEFAULT_BOT_UIDS),
  BOT_CAPABILITIES: withDefault(z.string().transform(parseCapabilities), []),
  BOT_ALLOW_NEW_PRIVILEGES: withDefault(flag, false),
  BOT_LOG_MAX_SIZE_MB: withDefault(integer(1, 10_240), 10),
  BOT_LOG_MAX_FILES: withDefault(integer(1, 100), 3),
  LOG_INTERVAL: withDefault(integer(1, MAX_LOG_INTERVAL_SECONDS), 30),
  LOG_MODE: withDefault(z.enum(["blocking", "non-blocking"], "must be blocking or non-blocking"), "blocking"),
  LOG_FORMAT: withDefault(z.enum(["ndjson", "text"], "must be ndjson or text"), "ndjson"),
  LOG_RETENTION_DAYS: withDefault(integer(0, 36_500), 0),
  STOP_GRACE_SECONDS: withDefault(integer(0, 3600), 30),
  START_CONCURRENCY: withDefault(integer(1, 64), 4),
  ARCHIVE_MAX_ENTRIES: withDefault(integer(1, 10_000_000), DEFAULT_ARCHIVE_LIMITS.maxEntries),
  ARCHIVE_MAX_TOTAL_MB: withDefault(integer(1, 1_048_576), DEFAULT_ARCHIVE_LIMITS.maxTotalBytes / MIB),
  ARCHIVE_MAX_FILE_MB: withDefault(integer(1, 1_048_576), DEFAULT_ARCHIVE_LIMITS.maxFileBytes / MIB),
  ARCHIVE_MAX_RATIO: withDefault(integer(1, 1_000_000), DEFAULT_ARCHIVE_LIMITS.maxRatio),
  CODE_CACHE_MB: withDefault(integer(1, 10_485_760), 2048),
  XDG_DATA_HOME: absolutePath.optional().catch(undefined),
  HOME: absolutePath.optional().catch(undefined),
});

/** Names of the variables that {@linkcode parseDockerRunnerConfig} reads. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(schema.shape);

/**
 * Reads the configuration. Names, meanings and defaults are in the README's table. An empty value counts as
 * not set.
 *
 * @param variables For example `Deno.env.toObject()`. Others than those named in {@linkcode CONFIG_VARIABLES} are ignored.
 * @returns The configuration. Its secrets do not show when it is printed.
 * @throws {InvalidConfigError} with every problem at once.
 *
 * @example
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
  const parsed = schema.safeParse(given);
  const issues = [
    ...(parsed.error?.issues ?? []).map(toIssue(given)),
    ...missingMinio(given),
    ...contradictorySsl(parsed.data),
  ];
  if (!parsed.success || issues.length > 0) throw new InvalidConfigError(issues);
  const value = parsed.data;
  return {
    instance: value.BERTH_INSTANCE,
    dockerHost: value.DOCKER_HOST,
    tempDir: value.TEMP_DIR,
    dataDir: value.DATA_DIR ?? defaultDataDir(value),
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
    },
    images: Object.fromEntries(
      [...RUNTIMES.values()].map(({ name, image }) => [name, value.RUNTIME_IMAGES[name] ?? image]),
    ),
    resources: {
      memoryBytes: value.BOT_MEMORY_LIMIT_MB * MIB,
      cpuShares: value.BOT_CPU_SHARES,
      pids: value.BOT_PIDS_LIMIT,
    },
    logs: { maxSizeBytes: value.BOT_LOG_MAX_SIZE_MB * MIB, maxFiles: value.BOT_LOG_MAX_FILES },
    logIntervalSeconds: value.LOG_INTERVAL,
    logMode: value.LOG_MODE,
    logFormat: value.LOG_FORMAT,
    logRetentionDays: value.LOG_RETENTION_DAYS,
    network: value.BOT_NETWORK,
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
    codeCacheBytes: value.CODE_CACHE_MB * MIB,
  };
}

function defaultDataDir({ XDG_DATA_HOME, HOME }: { XDG_DATA_HOME?: string; HOME?: string }): string {
  if (XDG_DATA_HOME) return `${XDG_DATA_HOME}/berth`;
  return HOME ? `${HOME}/.local/share/berth` : "/var/lib/berth";
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

function parseEndpoint(text: string, context: z.RefinementCtx): { host: string; port: number } {
  const parsed = parseConnectionString(text, { schemes: [], defaultScheme: "minio" });
  const { hosts: [host, ...others], user, rest } = "problem" in parsed
    ? { hosts: [], user: undefined, rest: "" }
    : parsed;
  const isPlain = host?.port !== undefined && others.length === 0 && user === undefined && rest === "";
  if (!isPlain) {
    context.addIssue({
      code: "custom",
      message: "must be host:port, without http:// (use MINIO_SSL for TLS), for example localhost:9000",
    });
  }
  return { host: host?.hostname ?? "", port: host?.port ?? 0 };
}

function parseImages(text: string, context: z.RefinementCtx): Record<string, string> {
  const images: Record<string, string> = {};
  for (const part of text.split(",").map((part) => part.trim()).filter(Boolean)) {
    const at = part.indexOf("=");
    const [name, image] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at > 0 && RUNTIMES.has(name) && /^[^\s=]+$/.test(image)) images[name] = image;
    else {
      const known = [...RUNTIMES.keys()].join(", ");
      context.addIssue({
        code: "custom",
        message: `must be runtime=image pairs with commas between, of ${known}; '${part}' is none`,
      });
    }
  }
  return images;
}

function parseUidRange(text: string, context: z.RefinementCtx): UidRange {
  const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  const isGood = range.first >= MIN_BOT_UID && range.last <= MAX_BOT_UID &&
    range.last - range.first + 1 >= MIN_BOT_UIDS;
  if (isGood) return range;
  context.addIssue({
    code: "custom",
    message: `must be two user ids from ${MIN_BOT_UID} to ${MAX_BOT_UID}, ${MIN_BOT_UIDS} or more apart, ` +
      `such as ${DEFAULT_BOT_UIDS.first}-${DEFAULT_BOT_UIDS.last}`,
  });
  return z.NEVER;
}

function parseCapabilities(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim().toUpperCase().replace(/^CAP_/, "")).filter(Boolean);
  for (const name of names.filter((name) => !CAPABILITY.test(name))) {
    context.addIssue({
      code: "custom",
      message: `must be names of capabilities with commas between; '${name}' is none`,
    });
  }
  return names;
}
