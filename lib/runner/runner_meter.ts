/**
 * Port for measurements of a runner.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";

/** Lines that were stored at once. */
export interface StoredLines {
  /** Their number. */
  readonly lines: number;
  /** Their size when they were printed, in bytes. */
  readonly bytes: number;
  /** Time since the first of them was printed, in ms. */
  readonly lagMs: number;
}

/** Takes the measurements of a runner. Its methods return soon and never throw. */
export interface RunnerMeter {
  /**
   * Counts a call to the engine that has ended.
   *
   * @param kind The kind of call: `list`, `read`, `measure`, `start`, `stop` or `remove`.
   * @param durationMs How long the engine took, in ms.
   * @param hasFailed Whether the engine did not answer. A refusal is an answer.
   */
  engineCalled(kind: string, durationMs: number, hasFailed: boolean): void;
  /**
   * Counts a container that was to be started.
   *
   * @param kind Its kind.
   * @param durationMs How long the start took, from the call to the running container, in ms.
   * @param hasFailed Whether it failed.
   */
  containerStarted(kind: ContainerKind, durationMs: number, hasFailed: boolean): void;
  /** Counts lines of a log that were stored. @param stored See {@linkcode StoredLines}. */
  linesStored(stored: StoredLines): void;
  /**
   * Counts lines that the engine dropped before they were stored.
   *
   * @param id Id of the bot or schedule that printed them.
   * @param lines How many are known of; 0 if nobody knows.
   */
  linesLost(id: string, lines: number): void;
  /**
   * Takes a function that counts the containers whose output cannot be stored at the moment.
   *
   * @param failing The function.
   */
  watchFailingLogs(failing: () => number): void;
}
