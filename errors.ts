/**
 * The errors that Berth rejects and throws with. Each is a {@linkcode BerthError} with a `code`, a `message`, an
 * `advice` and, for bad input, `issues`; the classes carry what else is known.
 *
 * @example Replace a container that has another specification
 * ```ts
 * import type { Executable, Runner, RunningResult } from "@berth/runner";
 * import { ContainerConflictError } from "@berth/runner/errors";
 *
 * async function replace(runner: Runner, executable: Executable): Promise<RunningResult> {
 *   try {
 *     return await runner.startContainer(executable, { wait: false });
 *   } catch (error) {
 *     if (!(error instanceof ContainerConflictError) || error.isForeign) throw error;
 *     await runner.removeContainer(error.container);
 *     return await runner.startContainer(executable, { wait: false });
 *   }
 * }
 * ```
 *
 * @module
 */

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
export {
  DependencyError,
  type DependencyErrorOptions,
  type DependencyProblem,
} from "./lib/dependencies/dependency_error.ts";
