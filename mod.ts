/**
 * Berth runs bots in containers of a Docker Engine. It fetches a bot's archive from an object store, checks it,
 * extracts it, starts a hardened container, and returns the container's log, exit code and result.
 *
 * Start with {@linkcode createDockerRunner}.
 *
 * @example Run a bot, then stop it
 * ```ts
 * import { createDockerRunner, parseExecutable } from "@berth/runner";
 *
 * async function tryBot(): Promise<void> {
 *   await using runner = createDockerRunner();
 *   const executable = parseExecutable({
 *     id: "my-bot",
 *     entrypointFiles: { bot: "main.py" },
 *     filePath: "me/my-bot/1.0.0", // key of the ZIP in the code bucket
 *     config: { symbol: "BTC-USD" },
 *   });
 *   const { containerId } = await runner.startContainer(executable);
 *   const { how, output } = await runner.stopContainer(containerId);
 *   console.log(how, output);
 * }
 * ```
 *
 * @module
 */

// Running bots
export { createDockerRunner, type CreateDockerRunnerOptions } from "./lib/runner/create_docker_runner.ts";
export {
  ALL_SEGMENTS,
  type CollectedRun,
  type ContainerHint,
  type ContainerKind,
  type FindContainersOptions,
  type ListManagedContainersOptions,
  type ManagedContainer,
  type PrepareOptions,
  type RemoveContainerOptions,
  type RemoveOrphansOptions,
  type Runner,
  type RunnerCallOptions,
  type StartContainerOptions,
  type StopContainerOptions,
  type StopResult,
  type WatchContainersOptions,
} from "./lib/runner/runner.ts";
export type { BuildDependenciesOptions, BuiltDependencies } from "./lib/dependencies/dependencies.ts";
export {
  DependencyError,
  type DependencyErrorOptions,
  type DependencyProblem,
} from "./lib/dependencies/dependency_error.ts";
export type { BuildChoices } from "./lib/dependencies/dependency_key.ts";
export type { BuildSettings } from "./lib/dependencies/build_settings.ts";
export type { BuiltArchive, BuiltLibraries, CodeDependencies } from "./lib/executable/code_dependencies.ts";
export {
  type EntrypointType,
  type Executable,
  type ExecutableInput,
  parseExecutable,
} from "./lib/executable/executable.ts";
export type {
  EndedContainer,
  ErrorResult,
  ExecutionResult,
  RunningResult,
  StartedContainer,
  SuccessResult,
} from "./lib/runner/execution_result.ts";
export type { CollectedResult, ResultProblem } from "./lib/runner/result_store.ts";
export type { DiskUse } from "./lib/runner/disk_use.ts";
export type { ContainerOwner } from "./lib/runner/container_ownership.ts";
export type {
  ContainerPhase,
  ContainerUsage,
  EngineCallOptions,
  GetLogsOptions,
  LogLine,
} from "./lib/engine/container_orchestrator.ts";
export type { ReadLogsOptions } from "./lib/logs/log_reader.ts";
export { LogCursor } from "./lib/logs/log_cursor.ts";
export type { LogPosition, PlacedLogLine } from "./lib/logs/log_position.ts";
export type { BotMetrics, Metric } from "./lib/logs/metric_series.ts";
export type { LogFormat, LogSource, StoredLogLine } from "./lib/logs/line_format.ts";

// Configuration
export type { BucketNames, DockerRunnerConfig, MinioConfig } from "./lib/runner/docker_runner_config.ts";
export { parseDockerRunnerConfig } from "./lib/runner/parse_docker_runner_config.ts";
export type { ArchiveLimits } from "./lib/archive/archive_limits.ts";
export type { LogLimits, ResourceLimits } from "./lib/engine/container_spec.ts";
export type { LogMode } from "./lib/logs/log_backpressure.ts";
export type { UidRange } from "./lib/users/bot_users.ts";
export type { SecretsConfig } from "./lib/secrets/create_secret_resolver.ts";
export type { VaultConfig } from "./lib/secrets/vault_secrets.ts";
export { Secret } from "./lib/util/secret.ts";

// Code and objects
export {
  zipFolder,
  type ZipFolderOptions,
  type ZippedFolder,
  type ZipProgress,
} from "./lib/archive/zip_folder.ts";
export type { IgnoreFile } from "./lib/archive/ignore_rules.ts";
export { createObjectStore } from "./lib/runner/create_object_store.ts";
export type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectMetadata,
  ObjectStore,
  PutObjectOptions,
} from "./lib/objects/object_store.ts";

// Errors
export {
  type ArchiveProblem,
  BerthError,
  type BerthErrorOptions,
  ContainerConflictError,
  type ContainerConflictErrorOptions,
  ContainerNotFoundError,
  EngineDiskFullError,
  EngineError,
  EngineHangsError,
  EngineUnavailableError,
  type ImageProblem,
  ImageUnavailableError,
  InvalidArchiveError,
  InvalidBotFolderError,
  InvalidBotIdError,
  InvalidConfigError,
  InvalidExecutableError,
  type Issue,
  LogsNotSavedError,
  ObjectConflictError,
  ObjectNotFoundError,
  ObjectStoreError,
  SecretUnavailableError,
  StartInterruptedError,
  TimeLimitError,
} from "./lib/errors.ts";
