/**
 * Reads where the value of a secret comes from.
 *
 * @module
 */

/** Names of the places that keep values. */
export const SECRET_PROVIDERS = ["file", "env", "age", "vault"] as const;

/** Name of a place that keeps values. */
export type SecretProviderName = (typeof SECRET_PROVIDERS)[number];

/** A reference, split into its parts. */
export interface SecretReference {
  /** The reference as it was written, for example `vault:kv/data/binance#key`. */
  readonly text: string;
  /** Where the value is kept. */
  readonly provider: SecretProviderName;
  /** Path of the file, name of the variable or of the entry, or path in Vault. */
  readonly path: string;
  /** Field of the entry in Vault; absent for other providers. */
  readonly field?: string;
}

/** Longest reference, in characters. */
const MAX_CHARACTERS = 512;
/** Parts of a path: visible ASCII characters, none of which have a meaning in a path or an address. */
const PART = /^[A-Za-z0-9_@+=,. -]+$/;
const FIELD = /^[A-Za-z0-9_. -]+$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const EXAMPLES = "file:binance/key, env:BINANCE_KEY, age:binance.key or vault:kv/data/binance#key";

/** Name of an entry of the encrypted file. */
export const AGE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** The rule of {@linkcode AGE_NAME} in words. */
export const AGE_NAME_RULE = "be 1 to 128 letters, digits or any of _ . - and begin with a letter or digit";

/**
 * Reads a reference.
 *
 * @param text The reference, for example `file:binance/key`.
 * @returns Its parts, or what is wrong with it. The problem does not show the text, which may be a secret by mistake.
 */
export function parseSecretReference(
  text: string,
): { readonly reference: SecretReference } | { readonly problem: string } {
  const colon = text.indexOf(":");
  const provider = SECRET_PROVIDERS.find((name) => name === text.slice(0, Math.max(colon, 0)));
  if (!provider) {
    return { problem: `must be a reference such as ${EXAMPLES}, and not the secret itself` };
  }
  if (text.length > MAX_CHARACTERS) return { problem: `must have at most ${MAX_CHARACTERS} characters` };
  const rest = text.slice(colon + 1);
  const problem = PROBLEMS[provider](rest);
  if (problem !== undefined) return { problem };
  const [path = "", field] = provider === "vault" ? rest.split("#") : [rest];
  return { reference: { text, provider, path, ...(field !== undefined && { field }) } };
}

const PROBLEMS: Readonly<Record<SecretProviderName, (rest: string) => string | undefined>> = {
  file: (path) =>
    isPath(path) ? undefined : "must name a file below SECRETS_DIR without '..', such as file:binance/key",
  env: (name) => VARIABLE.test(name) ? undefined : "must name a variable, such as env:BINANCE_KEY",
  age: (name) =>
    AGE_NAME.test(name) ? undefined : `must name an entry, such as age:binance.key: ${AGE_NAME_RULE}`,
  vault: (rest) => {
    const [path = "", field = "", ...more] = rest.split("#");
    return isPath(path) && FIELD.test(field) && more.length === 0
      ? undefined
      : "must name a path and a field, such as vault:kv/data/binance#key";
  },
};

function isPath(path: string): boolean {
  return path.split("/").every((part) => PART.test(part) && part !== "." && part !== "..");
}
