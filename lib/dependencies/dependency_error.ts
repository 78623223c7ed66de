/**
 * The error of a build of dependencies.
 *
 * @module
 */

import { BerthError, type BerthErrorOptions } from "../errors.ts";

/** Options of a {@linkcode DependencyError}. */
export interface DependencyErrorOptions extends BerthErrorOptions {
  /** Last lines of the tool that failed. */
  readonly lines?: readonly string[];
}

/** Why there are no dependencies: their description cannot be used, or the build failed. */
export type DependencyProblem = "invalid" | "failed";

/** The dependencies of code cannot be built. Nothing of the build was kept. */
export class DependencyError extends BerthError {
  /** Last lines of the tool that failed; empty if no tool ran. */
  readonly lines: readonly string[];

  /**
   * Makes the error.
   *
   * @param problem Why.
   * @param summary The problem, and its place.
   * @param options The advice, the cause and the lines of the tool.
   */
  constructor(
    problem: DependencyProblem,
    summary: string,
    { lines = [], ...options }: DependencyErrorOptions = {},
  ) {
    super(`dependencies/${problem}`, summary, options);
    this.lines = lines;
  }
}
