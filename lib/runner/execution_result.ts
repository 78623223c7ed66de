/**
 * Result of a start.
 *
 * @module
 */

import type { ResultProblem } from "./result_store.ts";
import type { ManagedContainer } from "./runner.ts";

/** Fields of every result. */
export interface StartedContainer {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Name of the container. */
  readonly containerName: string;
  /** Hash of everything that shapes the container. */
  readonly specHash: string;
}

/** The container runs. */
export interface RunningResult extends StartedContainer {
  /** Discriminator of {@linkcode ExecutionResult}. */
  readonly status: "running";
  /** Whether this call started it; false if it already ran with the same specification. */
  readonly created: boolean;
  /** The container. */
  readonly container: ManagedContainer;
}

/** Fields of every result of a program that has ended. */
export interface EndedContainer extends StartedContainer {
  /** Exit code of the container: 128 + n for signal n. */
  readonly exitCode: number;
  /** Time from start to exit in ms, by the engine's clock. */
  readonly durationMs: number;
  /** The last lines that it printed, at most 1 MiB. */
  readonly output: string;
  /** Content of its `result.json`, if it left one. */
  readonly result?: Uint8Array;
  /** Why its result is not usable and was not stored; absent if it is usable. */
  readonly resultProblem?: ResultProblem;
  /** Explanation of `resultProblem` for people. */
  readonly resultMessage?: string;
  /** Key of its own object in the results bucket; absent if the result was not stored. */
  readonly resultKey?: string;
}

/** The program ended with exit code 0. */
export interface SuccessResult extends EndedContainer {
  /** Discriminator of {@linkcode ExecutionResult}. */
  readonly status: "success";
}

/** The program ended with another exit code. */
export interface ErrorResult extends EndedContainer {
  /** Discriminator of {@linkcode ExecutionResult}. */
  readonly status: "error";
  /** Why it ended, in one line. */
  readonly message: string;
}

/** Result of a start: the container runs, or the program has ended with success or an error. */
export type ExecutionResult = RunningResult | SuccessResult | ErrorResult;
