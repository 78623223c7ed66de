/**
 * Reads the parameters of a query, each at most once.
 *
 * @module
 */

import type { Issue } from "../../lib/errors.ts";

/**
 * Reads the parameters.
 *
 * @param search The query, with its question mark, or an empty string.
 * @param issues Takes what is wrong: a parameter that is given twice, is not UTF-8, or has control characters.
 */
export function readQuery(search: string, issues: Issue[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const pair of search.replace(/^\?/, "").split("&")) {
    if (pair === "") continue;
    const [rawName = "", rawValue = ""] = pair.split(/=(.*)/s);
    const name = decode(rawName);
    const value = decode(rawValue);
    const path = `query.${printable(name ?? rawName)}`;
    if (name === undefined || value === undefined) issues.push({ path, message: "is not UTF-8" });
    else if (hasControls(name) || hasControls(value)) {
      issues.push({ path, message: "has control characters" });
    } else if (values.has(name)) issues.push({ path, message: "is given more than once" });
    else values.set(name, value);
  }
  return Object.fromEntries(values);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function hasControls(text: string): boolean {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(text);
}

function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, "?").slice(0, 100);
}
