/**
 * Turns errors into RFC 9457 problem documents.
 *
 * @module
 */

import { STATUS_TEXT } from "./status_text.ts";
import { BerthError } from "../../lib/errors.ts";
import { isDiskFull } from "../../lib/util/files.ts";
import type { Problem } from "../contract/common.ts";
import { ApiProblem } from "./api_problem.ts";
import { wholeResponse } from "./whole_response.ts";

/** Status by the code of an error, or by the part before its slash. */
const STATUSES: Readonly<Record<string, number>> = {
  "store/unavailable": 503,
  "store/unstorable": 422,
  "object-store/failed": 503,
  "object/invalid-name": 422,
  "object/not-found": 404,
  "object/conflict": 409,
  "engine/unavailable": 503,
  "engine/refused": 502,
  "image/unavailable": 422,
  "bot-id/invalid": 400,
  "logs/pattern": 400,
  "time-limit": 504,
  "archive/io": 500,
  "archive/worker": 503,
  "archive/closed": 503,
  "archive": 422,
  "executable": 422,
  "state/missing": 404,
  "state/no-snapshot": 404,
  "state/in-use": 409,
  "state/over-limit": 409,
  "state/changing": 409,
  "state/unusable": 503,
  "state": 422,
  "dependencies": 422,
};

/** A problem, and whether it is the server's fault and belongs in the log. */
export interface ProblemAnswer {
  /** The response. */
  readonly response: Response;
  /** Whether the cause is unknown. */
  readonly isDefect: boolean;
}

/**
 * Makes the response to a failed request. The text of an unknown error stays inside: it may hold anything.
 *
 * @param error The error that was thrown.
 */
export function problemResponse(error: unknown): ProblemAnswer {
  const { problem, headers, isDefect } = problemOf(error);
  return {
    isDefect,
    response: wholeResponse(JSON.stringify(problem), {
      status: problem.status,
      headers: { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" },
    }),
  };
}

const FULL = "The disk of the service is full, or its quota is used up. Nothing was kept of this request.";
const ROOM = { advice: "Free some space on the service's machine, then try again." };

/** Gives the status of the response to a failed request. @param error The error that was thrown. */
export function statusOf(error: unknown): number {
  if (!(error instanceof BerthError)) return 500;
  if (error instanceof ApiProblem) return error.status;
  if (isDiskFull(error)) return 507;
  return STATUSES[error.code] ?? STATUSES[error.code.split("/")[0]!] ?? 500;
}

/** The form of a failure as clients see it. */
export interface DescribedProblem {
  /** The problem document. */
  readonly problem: Problem;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the cause is unknown. */
  readonly isDefect: boolean;
}

/** Describes a failure for a client. @param error The error that was thrown. */
export function problemOf(error: unknown): DescribedProblem {
  if (!(error instanceof BerthError)) {
    const detail = "The service met an unexpected error; its log has the details.";
    return { problem: toProblem(500, "internal", detail), headers: {}, isDefect: true };
  }
  if (!(error instanceof ApiProblem) && isDiskFull(error)) {
    return problemOf(new ApiProblem(507, "storage/full", FULL, ROOM));
  }
  const status = statusOf(error);
  const problem: Problem = {
    ...toProblem(status, error.code, error.summary),
    ...(error.advice !== undefined && { advice: error.advice }),
    ...(error instanceof ApiProblem && error.run !== undefined && { run: error.run }),
    ...(error instanceof ApiProblem && error.issues && { issues: [...error.issues] }),
  };
  return {
    problem,
    headers: error instanceof ApiProblem ? { ...error.headers } : {},
    isDefect: status === 500,
  };
}

function toProblem(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: STATUS_TEXT[status] ?? "Error", status, code, detail };
}
