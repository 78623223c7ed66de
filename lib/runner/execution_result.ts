/**
 * What became of a start.
 *
 * @module
 */

import type { ResultProblem } from "./result_store.ts";
import type { ManagedContainer } from "./runner.ts";

/** What every start has. */
export interface StartedContainer {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Its name. */
  readonly containerName: string;
  /** Hash of everything that shapes the container. */
  readonly specHash: string;
}

/** It runs, and goes on running. */
export interface RunningResult extends StartedContainer {
  /** Discriminates the union. */
  readonly status: "running";
  /** False when it was running already, with the same specification. */
  readonly created: boolean;
  /** What is known of it. */
  readonly container: ManagedContainer;
}

/** What every end has. */
export interface EndedContainer extends StartedContainer {
  /** Exit code of the container: 128 + n for signal n. */
  readonly exitCode: number;
  /** From start to exit in ms, by the engine's clock. */
  readonly durationMs: number;
  /** The last lines that it printed, at most 1 MiB of them. */
  readonly output: string;
  /** Bytes of its `result.json`, when it left one. */
  readonly result?: Uint8Array;
  /** Why its result is not usable, and was not kept; absent when it is. */
  readonly resultProblem?: ResultProblem;
  /** The same in words: what, and where. */
  readonly resultMessage?: string;
  /** Key of its result in the results bucket, its own; absent when it was not kept. */
  readonly resultKey?: string;
}

/** It ended with exit code 0. */
export interface SuccessResult extends EndedContainer {
  /** Discriminates the union. */
  readonly status: "success";
}

/** It ended otherwise. */
export interface ErrorResult extends EndedContainer {
  /** Discriminates the union. */
  readonly status: "error";
  /** Why, in one line. */
  readonly message: string;
}

/** What became of a start: it goes on running, or it ended, well or not. */
export type ExecutionResult = RunningResult | SuccessResult | ErrorResult;
