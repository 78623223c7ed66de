/**
 * The problems that the API answers with.
 *
 * @module
 */

import { BerthError, type Issue } from "../../lib/errors.ts";

/** Optional fields of a problem. */
export interface ApiProblemOptions extends ErrorOptions {
  /** The advice. */
  readonly advice?: string;
  /** Every problem of a request that was checked as a whole. */
  readonly issues?: readonly Issue[];
  /** Id of the run that is in the way. */
  readonly run?: string;
  /** Headers of the response. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a status of 400 or above. */
export class ApiProblem extends BerthError {
  /** Every problem of a request that was checked as a whole. */
  readonly issues?: readonly Issue[];
  /** Id of the run that is in the way. */
  readonly run?: string;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * Makes the problem.
   *
   * @param status HTTP status.
   * @param code Stable name for programs.
   * @param detail The problem, and its place.
   * @param options Further text.
   */
  constructor(
    readonly status: number,
    code: string,
    detail: string,
    { issues, run, headers = {}, ...options }: ApiProblemOptions = {},
  ) {
    super(code, detail, options);
    if (issues) this.issues = issues;
    if (run !== undefined) this.run = run;
    this.headers = headers;
  }
}

/** The problem of an id that no document has. @param kind The kind of thing that was looked for. @param id Its id. */
export function notFound(
  kind: "bot" | "schedule" | "run" | "backtest" | "token" | "secret" | "channel" | "node",
  id: string,
): ApiProblem {
  return new ApiProblem(404, `${kind}/not-found`, `There is no ${kind} '${id}'.`);
}
