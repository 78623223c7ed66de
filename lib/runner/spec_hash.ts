/**
 * Hashes a specification to a short value that changes exactly when the container must be replaced.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * Hashes a value of plain JSON types, in which an integer may be a `bigint`. The order of keys does not matter: some programs that write documents do not
 * preserve it.
 *
 * @param parts Everything that shapes the container. Fields that are `undefined` do not count.
 * @returns 32 hexadecimal digits.
 */
export function specHash(parts: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(canonical(parts)).digest("hex").slice(0, 32);
}

/**
 * Converts a JSON string into a value for {@linkcode specHash}. Numbers keep their digits, so that two integers beyond 2^53
 * stay different.
 *
 * @param text Valid JSON.
 * @returns A value whose hash does not depend on white space or the order of keys.
 */
export function canonicalJson(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? { number: context?.source ?? String(value) } : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

function canonical(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
