/**
 * Finds the methods that a path takes.
 *
 * @module
 */

import { OPERATIONS } from "../contract/operations.ts";

const PATTERNS = Object.values(OPERATIONS).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}$`),
}));

/**
 * Lists the methods, in the form of the header `Allow`.
 *
 * @param pathname The path.
 * @returns The methods; none if nothing is there.
 */
export function allowedMethods(pathname: string): string[] {
  const found = new Set<string>(
    PATTERNS.filter(({ pattern }) => pattern.test(pathname)).map(({ method }) => method),
  );
  if (found.size === 0) return [];
  return [...found, ...(found.has("GET") ? ["HEAD"] : []), "OPTIONS"].sort();
}
