/**
 * The types of details: options of calls, parts of results and of the configuration. TypeScript infers them where they
 * are used; a program names them only to pass such a value through functions of its own.
 *
 * @module
 */

// Calls of a runner, and what they give
export type {
  CollectedRun,
  FindContainersOptions,
  LeftoverKind,
  ListManagedContainersOptions,
  PrepareOptions,
  RemoveContainerOptions,
  RemoveOrphansOptions,
  RunnerCallOptions,
  WatchContainersOptions,
} from "./lib/runner/runner.ts";
export type {
  NodeAvailability,
  NodeCallOptions,
  RunnerNode,
  RunnerNodes,
} from "./lib/runner/runner_nodes.ts";
export type { EndedContainer, StartedContainer } from "./lib/runner/execution_result.ts";
export type { CollectedResult, ResultProblem } from "./lib/runner/result_store.ts";
export type { DiskUse } from "./lib/runner/disk_use.ts";
export type { ContainerOwner } from "./lib/runner/container_ownership.ts";
export type { ContainerUsage, EngineCallOptions } from "./lib/engine/container_orchestrator.ts";

// Dependencies
export type { ResolvedImage } from "./lib/runner/image_resolver.ts";
export type { BuildDependenciesOptions, BuiltDependencies } from "./lib/dependencies/dependencies.ts";
export type { BuildChoices } from "./lib/dependencies/dependency_key.ts";
export type { BuildSettings } from "./lib/dependencies/build_settings.ts";
export type { BuiltArchive, BuiltLibraries, CodeDependencies } from "./lib/executable/code_dependencies.ts";
export type { OwnLimits } from "./lib/executable/own_limits.ts";
export type { LimitBounds } from "./lib/runner/limit_bounds.ts";
export type { StateSettings } from "./lib/executable/state_settings.ts";
export type { Placement } from "./lib/executable/placement.ts";

// Logs and metrics
export type { LogFormat, LogSource, StoredLogLine } from "./lib/logs/line_format.ts";
export type { LogPosition } from "./lib/logs/log_position.ts";
export type { FollowLinesOptions } from "./lib/logs/line_follower.ts";
export type { LiveLine } from "./lib/logs/live_line.ts";
export type { ListenedContainer, LogGap, LogListener } from "./lib/logs/log_listener.ts";
export type { FollowedLines, RunBoundedCommandOptions, RunnerCapabilities } from "./lib/runner/runner.ts";
export type { CommandOutcome } from "./lib/engine/container_orchestrator.ts";
export type { HeadlineMetric } from "./lib/logs/headline_metric.ts";
export type { BotMetrics, Metric } from "./lib/logs/metric_series.ts";
export type { RunnerMeter, StoredLines } from "./lib/runner/runner_meter.ts";

// Configuration
export type { BucketNames, MinioConfig } from "./lib/runner/docker_runner_config.ts";
export type { ClusterConfig, EngineTlsFiles } from "./lib/runner/cluster_config.ts";
export type { EngineAddress } from "./lib/engine/engine_address.ts";
export type { ArchiveLimits } from "./lib/archive/archive_limits.ts";
export type { LogLimits, ResourceLimits } from "./lib/engine/container_spec.ts";
export type { LogMode } from "./lib/logs/log_backpressure.ts";
export type { UidRange } from "./lib/users/bot_users.ts";
export type { SecretsConfig } from "./lib/secrets/create_secret_resolver.ts";
export type { VaultConfig } from "./lib/secrets/vault_secrets.ts";

// Archives and objects
export type { ZipFolderOptions, ZippedFolder, ZipProgress } from "./lib/archive/zip_folder.ts";
export type { IgnoreFile } from "./lib/archive/ignore_rules.ts";
export type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectMetadata,
  PresignOptions,
  PutObjectOptions,
} from "./lib/objects/object_store.ts";
