/**
 * The error of a state folder that cannot be used.
 *
 * @module
 */

import { BerthError } from "../errors.ts";

/** The problem of a state. */
export type StateProblem =
  | "missing"
  | "unusable"
  | "over-limit"
  | "too-large"
  | "in-use"
  | "no-snapshot"
  | "damaged"
  | "of-another-bot"
  | "unsafe"
  | "changing";

/** A state folder or a snapshot that cannot be used. */
export class StateError extends BerthError {
  override readonly name: string = "StateError";
  /** The problem. */
  readonly problem: StateProblem;

  /**
   * @param problem The problem.
   * @param summary The problem, and its place.
   * @param options The advice, and the cause.
   */
  constructor(
    problem: StateProblem,
    summary: string,
    options: { readonly advice?: string; readonly cause?: unknown } = {},
  ) {
    super(`state/${problem}`, summary, options);
    this.problem = problem;
  }
}
