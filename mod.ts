/**
 * Berth runs bots in containers of a Docker Engine: it fetches a bot's archive from an object store, checks and
 * extracts it into a workspace, starts a hardened container, and gives logs, exit code and result.
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

export {
  type BotUserPolicy,
  BotUsers,
  type BotUsersOptions,
  type LiveUser,
  type UidRange,
} from "./lib/users/bot_users.ts";
export {
  ArchiveExtractor,
  type ArchiveExtractorOptions,
  type ExtractOptions,
} from "./lib/archive/archive_extractor.ts";
export type {
  ExtractArchiveOptions,
  ExtractedArchive,
  SharedTreeOptions,
} from "./lib/archive/extract_archive.ts";
export { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from "./lib/archive/archive_limits.ts";
export { BashEntrypointFactory } from "./lib/executable/bash_entrypoint_factory.ts";
export { UserFiles } from "./lib/users/user_files.ts";
export { describeExit, type Exit } from "./lib/runner/describe_exit.ts";
export { CodeEntrypointFactory, type ScriptFile } from "./lib/executable/code_entrypoint_factory.ts";
export {
  CodeManager,
  type CodeManagerOptions,
  type ExtractedCode,
  type FetchAndExtractOptions,
} from "./lib/code/code_manager.ts";
export { BytecodeLayers, type BytecodeLayersOptions } from "./lib/code/bytecode_layers.ts";
export type { CodeTree } from "./lib/code/code_tree.ts";
export { CodeTrees, type CodeTreesOptions } from "./lib/code/code_trees.ts";
export { type CodeView, CodeViews, type CreateViewOptions } from "./lib/code/code_views.ts";
export { CodeWatch, type CodeWatchOptions } from "./lib/code/code_watch.ts";
export { type CachedArchive, CodeCache, type CodeCacheOptions } from "./lib/code/code_cache.ts";
export type { ContainerOwner } from "./lib/runner/container_ownership.ts";
export { ContainerBuilder } from "./lib/executable/container_builder.ts";
export type {
  ContainerEvent,
  ContainerInfo,
  ContainerOrchestrator,
  ContainerPhase,
  CopyFromContainerOptions,
  CreateAndStartOptions,
  EngineCallOptions,
  EngineInfo,
  GetLogsOptions,
  ListContainersOptions,
  LogEntry,
  LogLine,
  OutputPiece,
  PullImageOptions,
  PullProgress,
  ReadLogOptions,
  RunOutcome,
  StopOptions,
  StopOutcome,
  WatchOptions,
} from "./lib/engine/container_orchestrator.ts";
export type {
  BindMount,
  ContainerSpec,
  LogLimits,
  OverlayMount,
  ResourceLimits,
  SecuritySettings,
  TmpfsMount,
} from "./lib/engine/container_spec.ts";
export { createDockerRunner, type CreateDockerRunnerOptions } from "./lib/runner/create_docker_runner.ts";
export { createObjectStore } from "./lib/runner/create_object_store.ts";
export { DockerRunner } from "./lib/runner/docker_runner.ts";
export type { DockerRunnerParts } from "./lib/runner/docker_runner_parts.ts";
export type { BucketNames, DockerRunnerConfig, MinioConfig } from "./lib/runner/docker_runner_config.ts";
export { parseDockerRunnerConfig } from "./lib/runner/parse_docker_runner_config.ts";
export * from "./lib/errors.ts";
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
export { FolderObjectStore } from "./lib/objects/folder/folder_object_store.ts";
export {
  type CollectedContainer,
  type CollectionStatus,
  LogCollector,
  type LogCollectorOptions,
} from "./lib/logs/log_collector.ts";
export { LogReader, type LogReaderOptions, type ReadLogsOptions } from "./lib/logs/log_reader.ts";
export {
  type LogFormat,
  type LogSource,
  parseStoredLine,
  type StoredLogLine,
} from "./lib/logs/line_format.ts";
export { type OnDay, type ReadStoredLogsOptions, StoredLogs } from "./lib/logs/stored_logs.ts";
export type { LogMode } from "./lib/logs/log_brake.ts";
export type { LoggedContainer } from "./lib/logs/log_transfer.ts";
export {
  type BotMetrics,
  type Metric,
  MetricSeries,
  type MetricSeriesOptions,
} from "./lib/logs/metric_series.ts";
export type { LockHolder } from "./lib/util/folder_lock.ts";
export { InstanceLock, InstanceLockedError } from "./lib/runner/instance_lock.ts";
export { type ContainerKind, LABEL } from "./lib/engine/labels.ts";
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
export type { FileOwner } from "./lib/util/files.ts";
export { type ForcedRemoval, Workspaces } from "./lib/code/workspaces.ts";
export {
  ALL_SEGMENTS,
  type CollectedRun,
  type ContainerHint,
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
export type { CollectedResult, ResultProblem } from "./lib/runner/result_store.ts";
export { type Runtime, RUNTIMES } from "./lib/executable/runtimes.ts";
export { ScriptManager } from "./lib/executable/script_manager.ts";
export { Secret } from "./lib/util/secret.ts";
export type { TreeFile, TreeManifest } from "./lib/archive/tree_manifest.ts";
export type { TreeLocation } from "./lib/archive/tree_writer.ts";
export type { IgnoreFile } from "./lib/archive/ignore_rules.ts";
export {
  zipFolder,
  type ZipFolderOptions,
  type ZippedFolder,
  type ZipProgress,
} from "./lib/archive/zip_folder.ts";
