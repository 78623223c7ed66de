/**
 * Checks the secrets that a bot asks for.
 *
 * @module
 */

import type { Issue } from "../errors.ts";
import { MAX_SECRETS, secretNameProblem } from "./secret_names.ts";
import { parseSecretReference } from "./secret_reference.ts";

/**
 * Checks names and references.
 *
 * @param secrets References by name, of any type.
 * @returns One issue for each secret that cannot be used; shows no reference, which may be a secret by mistake.
 */
export function secretIssues(secrets: Readonly<Record<string, unknown>>): Issue[] {
  const names = Object.keys(secrets);
  if (names.length > MAX_SECRETS) return [{ path: "", message: `must be at most ${MAX_SECRETS} secrets` }];
  return names.flatMap((name) => {
    const message = secretNameProblem(name) ?? problemOf(secrets[name]);
    return message === undefined ? [] : [{ path: name, message }];
  });
}

function problemOf(reference: unknown): string | undefined {
  const parsed = parseSecretReference(typeof reference === "string" ? reference : "");
  return "problem" in parsed ? parsed.problem : undefined;
}
