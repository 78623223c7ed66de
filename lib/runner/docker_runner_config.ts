/**
 * The configuration of a runner.
 *
 * @module
 */

import type { ArchiveLimits } from "../archive/archive_limits.ts";
import type { ClusterConfig } from "./cluster_config.ts";
import type { BuildSettings } from "../dependencies/build_settings.ts";
import type { LogLimits, ResourceLimits } from "../engine/container_spec.ts";
import type { LogFormat } from "../logs/line_format.ts";
import type { LogMode } from "../logs/log_backpressure.ts";
import type { SecretsConfig } from "../secrets/create_secret_resolver.ts";
import type { UidRange } from "../users/bot_users.ts";
import type { LimitBounds } from "./limit_bounds.ts";
import type { Secret } from "../util/secret.ts";

/** The address and credentials of an object store over S3. */
export interface MinioConfig {
  /** Host name or address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
  /** Whether to connect over TLS. */
  readonly ssl: boolean;
  /** Access key. */
  readonly accessKey: Secret;
  /** Secret key. */
  readonly secretKey: Secret;
}

/** Names of the buckets. */
export interface BucketNames {
  /** Archives of bot code. */
  readonly code: string;
  /** Results. */
  readonly results: string;
  /** Logs. */
  readonly logs: string;
  /** Snapshots of the bots' states. */
  readonly state: string;
}

/** Every setting of a runner. Read from variables by `parseDockerRunnerConfig`. */
export interface DockerRunnerConfig {
  /** Name of this Berth. It never touches containers of another instance on the same engine. */
  readonly instance: string;
  /** Address of the engine: `unix://` and an absolute path. On a cluster, that of a manager on this machine, if there is one. */
  readonly dockerHost: string;
  /** The Swarm that runs the containers. @default {the engine at `dockerHost` runs them} */
  readonly cluster?: ClusterConfig;
  /** Absolute path of the folder for archives and workspaces. */
  readonly tempDir: string;
  /** Absolute path of the folder for the embedded database and object store. */
  readonly dataDir: string;
  /** The object store. @default {a local folder in `dataDir`} */
  readonly minio?: MinioConfig;
  /** Names of the buckets. */
  readonly buckets: BucketNames;
  /** Image of each runtime. */
  readonly images: Readonly<Record<string, string>>;
  /** Absolute path of Docker's own configuration, with the credentials of registries. @default {none are used} */
  readonly dockerConfigFile?: string;
  /** Resource limits of each container. */
  readonly resources: ResourceLimits;
  /** Largest state that a bot may ask for, in bytes. */
  readonly stateBytes: number;
  /** How much of a container's output the engine keeps. */
  readonly logs: LogLimits;
  /** Interval between two writes of a bot's stored log, in seconds. */
  readonly logIntervalSeconds: number;
  /** Whether to slow down a bot that prints faster than Berth can store its log. */
  readonly logMode: LogMode;
  /** Format of the lines in stored logs. */
  readonly logFormat: LogFormat;
  /** Days for which stored logs are kept, not counting today; 0 keeps them forever. */
  readonly logRetentionDays: number;
  /** Where secrets are kept, and how bots get them. */
  readonly secrets: SecretsConfig;
  /** Network of the containers. */
  readonly network: string;
  /** The bounds within which a bot may choose other limits. */
  readonly bounds: LimitBounds;
  /** `uid:gid` that all bots run as. @default {one of `botUids` for each bot; Berth's own if it is not root} */
  readonly botUser?: string;
  /** User ids to assign to bots, one each. */
  readonly botUids: UidRange;
  /** Kernel capabilities that bots keep. */
  readonly capabilities: readonly string[];
  /** Whether a program in a container may gain privileges by setuid bits. */
  readonly allowNewPrivileges: boolean;
  /** Time between SIGTERM and SIGKILL, in seconds. */
  readonly stopGraceSeconds: number;
  /** Number of containers started at the same time. Engines are fastest at 2 to 4. */
  readonly startConcurrency: number;
  /** Limits on the content of an archive. */
  readonly archiveLimits: ArchiveLimits;
  /** Limits and surroundings of the builds of dependencies. */
  readonly builds: BuildSettings;
  /** Size of the archives kept for later starts, in bytes. */
  readonly codeCacheBytes: number;
}

/** Longest time between two writes of a bot's stored log, in seconds. */
export const MAX_LOG_INTERVAL_SECONDS = 3600;
