/**
 * Reads which secrets a bot and its builds get.
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
  const asEnv = field(berth, "secrets_as_env") ?? undefined;
  if (asEnv !== undefined && typeof asEnv !== "boolean") {
    problems.push(`config.berth.secrets_as_env: must be true or false (is ${typeName(asEnv)})`);
  }
  const secrets = readReferences(berth, { name: "secrets", example: "API_KEY" }, problems);
  return secrets ? { secrets, ...(asEnv === true && { secretsAsEnv: true }) } : {};
}

/**
 * Reads `build_secrets`: variables of the tools that install libraries, which no bot sees.
 *
 * @param berth The settings of `config.berth`.
 * @param problems As for {@linkcode readSecrets}.
 * @returns References by name; `undefined` if there are none, or if a problem was added.
 */
export function readBuildSecrets(
  berth: Fields,
  problems: string[],
): Readonly<Record<string, string>> | undefined {
  return readReferences(berth, { name: "build_secrets", example: "PIP_INDEX_URL" }, problems);
}

function readReferences(
  berth: Fields,
  { name, example }: { readonly name: string; readonly example: string },
  problems: string[],
): Record<string, string> | undefined {
  const secrets = field(berth, name) ?? undefined;
  if (secrets === undefined) return undefined;
  if (!isObject(secrets)) {
    problems.push(
      `config.berth.${name}: must be an object such as { "${example}": "file:my/key" } (is ${
        typeName(secrets)
      })`,
    );
    return undefined;
  }
  for (const { path, message } of secretIssues(secrets)) {
    const at = path === "" ? "" : `.${/^\w{1,64}$/.test(path) ? path : JSON.stringify(path.slice(0, 60))}`;
    problems.push(`config.berth.${name}${at}: ${message}`);
  }
  return secrets as Record<string, string>;
}
