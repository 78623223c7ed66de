/**
 * Says a problem of the API in the words of the command line. Pure.
 *
 * @module
 */

import type { Problem } from "../../services/contract/common.ts";

/** Facts about the request. */
export interface RequestWords {
  /** Values of its parameters, by name. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Whether it had a token. */
  readonly hasToken: boolean;
}

/**
 * Names values as the user typed them, and variables instead of headers.
 *
 * @param problem The service's answer.
 * @param request Facts about the request.
 */
export function rewordProblem(problem: Problem, { given, hasToken }: RequestWords): Problem {
  const { code, issues = [] } = problem;
  if (code === "auth/missing") {
    return {
      ...problem,
      detail: hasToken
        ? "The service does not know the token in BERTH_TOKEN: it has ended, was revoked, or is of another service."
        : "The service wants a token, and BERTH_TOKEN is not set.",
      advice: "'berth token create NAME --role operate' makes one, on the service's machine.",
    };
  }
  const said = issues.map(({ path, message }) => {
    const name = /^(?:path|query)\.(\w+)$/.exec(path)?.[1];
    if (name === undefined || given[name] === undefined) return undefined;
    return `The ${name} '${given[name]}' ${message.startsWith("must ") ? message : `is refused: ${message}`}`;
  });
  if (code !== "request/invalid" || said.length === 0 || said.includes(undefined)) return problem;
  return { ...problem, detail: `${said.join(". ")}.` };
}
