/**
 * The variables that the tools in a builder read. Pure.
 *
 * @module
 */

import { Secret } from "../util/secret.ts";

/** Names of the variables that builders take from the environment of the service. */
const BUILDER_VARIABLES = [
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_TRUSTED_HOST",
  "UV_DEFAULT_INDEX",
  "UV_INDEX",
  "NPM_CONFIG_REGISTRY",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
] as const;

/** Shorter secrets are not hidden: they occur in any text. */
const MIN_HIDDEN = 8;

/** Name of a variable for builders. */
type BuilderVariable = (typeof BUILDER_VARIABLES)[number];

/**
 * Makes the environment of a builder. pip and uv get the same indexes, whichever of the two the variables are for.
 *
 * @param given The variables of the service.
 * @returns Names and values; the values may hold passwords.
 */
export function builderEnvironment(
  given: Readonly<Partial<Record<BuilderVariable, string>>>,
): Record<string, Secret> {
  const index = given.UV_DEFAULT_INDEX ?? given.PIP_INDEX_URL;
  const more = given.UV_INDEX ?? given.PIP_EXTRA_INDEX_URL;
  const proxies = (["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] as const).flatMap((name) =>
    given[name] === undefined ? [] : [[name, given[name]], [name.toLowerCase(), given[name]]]
  );
  const values: Record<string, string | undefined> = {
    PIP_INDEX_URL: given.PIP_INDEX_URL ?? index,
    PIP_EXTRA_INDEX_URL: given.PIP_EXTRA_INDEX_URL ?? more,
    PIP_TRUSTED_HOST: given.PIP_TRUSTED_HOST,
    UV_DEFAULT_INDEX: index,
    UV_INDEX: more,
    // As pip chooses among several indexes.
    ...(more !== undefined && { UV_INDEX_STRATEGY: "unsafe-best-match" }),
    UV_INSECURE_HOST: given.PIP_TRUSTED_HOST,
    NPM_CONFIG_REGISTRY: given.NPM_CONFIG_REGISTRY,
    ...Object.fromEntries(proxies),
  };
  const isSet = (entry: [string, string | undefined]): entry is [string, string] => entry[1] !== undefined;
  return Object.fromEntries(
    Object.entries(values).filter(isSet).map(([name, value]) => [name, new Secret(value)]),
  );
}

/**
 * Finds the passwords in variables, to hide them in output.
 *
 * @param environment See {@linkcode builderEnvironment}.
 * @returns Every password as it is written in an address, and decoded.
 */
export function passwordsIn(environment: Readonly<Record<string, Secret>>): string[] {
  const found = new Set<string>();
  for (const value of Object.values(environment)) {
    for (const [, password] of value.reveal().matchAll(/\/\/[^/\s:@]*:([^/\s@]+)@/g)) {
      found.add(password!);
      found.add(decoded(password!));
    }
    for (const [, token] of value.reveal().matchAll(/\/\/([^/\s:@]{8,})@/g)) found.add(token!);
  }
  return [...found];
}

/**
 * Lists the strings to hide: the values of secrets, and the passwords in them if they are addresses.
 *
 * @param values Values by name of the secret. @default {none}
 */
export function secretsIn(values: ReadonlyMap<string, string> = new Map()): string[] {
  const environment = Object.fromEntries([...values].map(([name, value]) => [name, new Secret(value)]));
  return [...values.values(), ...passwordsIn(environment)].filter((text) => text.length >= MIN_HIDDEN);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
