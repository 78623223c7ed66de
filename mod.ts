/**
 * Berth runs bots in containers of a Docker Engine. It fetches a bot's archive from an object store, checks it,
 * extracts it, starts a hardened container, and returns the container's log, exit code and result.
 *
 * Start with {@linkcode createDockerRunner}. The classes of the errors are in `@berth/runner/errors`, and the types of
 * details that programs rarely name in `@berth/runner/types`.
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
  type EntrypointType,
  type Executable,
  type ExecutableInput,
  parseExecutable,
} from "./lib/executable/executable.ts";
export {
  ALL_SEGMENTS,
  type ContainerHint,
  type ContainerKind,
  type ManagedContainer,
  type Runner,
  type StartContainerOptions,
  type StopContainerOptions,
  type StopResult,
} from "./lib/runner/runner.ts";
export type {
  ErrorResult,
  ExecutionResult,
  RunningResult,
  SuccessResult,
} from "./lib/runner/execution_result.ts";
export type { ContainerPhase, GetLogsOptions, LogLine } from "./lib/engine/container_orchestrator.ts";
export type { ReadLogsOptions } from "./lib/logs/log_reader.ts";
export { LogCursor } from "./lib/logs/log_cursor.ts";
export type { PlacedLogLine } from "./lib/logs/log_position.ts";

// Configuration
export type { DockerRunnerConfig } from "./lib/runner/docker_runner_config.ts";
export { parseDockerRunnerConfig } from "./lib/runner/parse_docker_runner_config.ts";
export { Secret } from "./lib/util/secret.ts";

// Code and results
export { createObjectStore } from "./lib/runner/create_object_store.ts";
export type { ObjectStore } from "./lib/objects/object_store.ts";
export { zipFolder } from "./lib/archive/zip_folder.ts";

// Errors
export { BerthError, type Issue } from "./lib/errors.ts";
