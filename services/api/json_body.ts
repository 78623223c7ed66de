/**
 * Reads JSON from bodies, and refuses what no document may hold.
 *
 * @module
 */

import type { Issue } from "../../lib/errors.ts";
import { MAX_DOCUMENT_DEPTH } from "../documents/nesting.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";

/** A body, or what is wrong with it. */
export type ParsedBody = { readonly value: unknown } | { readonly issue: Issue };

/**
 * Parses a body.
 *
 * @param text The JSON. Integers beyond 2^53 become `bigint`.
 */
export function parseJsonBody(text: string): ParsedBody {
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (error) {
    const isTooDeep = error instanceof RangeError;
    return { issue: { path: "body", message: isTooDeep ? "is nested too deep" : "is not JSON" } };
  }
  const issue = findIssue(value);
  return issue ? { issue } : { value };
}

/** Walks without recursion, because the value may be nested deeper than the stack. */
function findIssue(body: unknown): Issue | undefined {
  const left: { value: unknown; path: string; depth: number }[] = [{ value: body, path: "body", depth: 0 }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, path, depth } = next;
    if (typeof value === "string" && !value.isWellFormed()) {
      return { path, message: "is not well-formed Unicode" };
    }
    if (typeof value !== "object" || value === null) continue;
    if (depth === MAX_DOCUMENT_DEPTH) {
      return { path: "body", message: `is nested deeper than ${MAX_DOCUMENT_DEPTH} levels` };
    }
    for (const [name, member] of Object.entries(value)) {
      if (name === "__proto__") return { path, message: "must not have a field '__proto__'" };
      if (!name.isWellFormed()) return { path, message: "has a field whose name is not well-formed Unicode" };
      left.push({ value: member, path: `${path}.${name}`, depth: depth + 1 });
    }
  }
}
