/**
 * Reads which secrets a bot gets.
 *
 * @module
 */

import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { secretIssues } from "../../lib/secrets/secret_issues.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/**
 * Reads `secrets` and `secrets_as_env`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem; none shows a reference, which may be a secret by mistake.
 * @returns The fields of an executable; meaningless if a problem was added.
 */
export function readSecrets(
  berth: Fields,
  problems: string[],
): Pick<ExecutableInput, "secrets" | "secretsAsEnv"> {
  const secrets = field(berth, "secrets") ?? undefined;
  const asEnv = field(berth, "secrets_as_env") ?? undefined;
  if (asEnv !== undefined && typeof asEnv !== "boolean") {
    problems.push(`config.berth.secrets_as_env: must be true or false (is ${typeName(asEnv)})`);
  }
  if (secrets === undefined) return {};
  if (!isObject(secrets)) {
    problems.push(
      `config.berth.secrets: must be an object such as { "API_KEY": "file:binance/key" } (is ${
        typeName(secrets)
      })`,
    );
    return {};
  }
  for (const { path, message } of secretIssues(secrets)) {
    const at = path === "" ? "" : `.${/^\w{1,64}$/.test(path) ? path : JSON.stringify(path.slice(0, 60))}`;
    problems.push(`config.berth.secrets${at}: ${message}`);
  }
  return { secrets: secrets as Record<string, string>, ...(asEnv === true && { secretsAsEnv: true }) };
}
