/**
 * Handles the operations on the encrypted file of secrets.
 *
 * @module
 */

import type { AgeFile } from "../../lib/secrets/age_file.ts";
import { SecretProblem, toSecretText } from "../../lib/secrets/secret_provider.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import type { Handlers } from "./handlers.ts";

type SecretOperation = "listSecrets" | "putSecret" | "deleteSecret";

/** The encrypted file, as the API uses it. */
export type SecretsPort = Pick<AgeFile, "entries" | "set" | "remove">;

/**
 * Makes the handlers.
 *
 * @param secrets The encrypted file.
 */
export function encryptedSecretHandlers(secrets: SecretsPort): Handlers<SecretOperation> {
  return {
    async listSecrets() {
      const names = [...(await usable(() => secrets.entries())).keys()].sort();
      return { body: { secrets: names.map((name) => ({ name })) } };
    },

    async putSecret({ params: { name }, body: { value } }) {
      const text = checked(value);
      return { body: { name, isNew: await usable(() => secrets.set(name, text)) } };
    },

    async deleteSecret({ params: { name } }) {
      if (!await usable(() => secrets.remove(name))) throw notFound("secret", name);
      return {};
    },
  };
}

function checked(value: string): string {
  try {
    return toSecretText(new TextEncoder().encode(value), "the value");
  } catch (error) {
    if (!(error instanceof SecretProblem)) throw error;
    const issues = [{ path: "body.value", message: error.message }];
    throw new ApiProblem(400, "secret/invalid", `The secret cannot be used: ${error.message}.`, { issues });
  }
}

/** The file may be one that somebody else has encrypted. */
async function usable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SecretProblem)) throw error;
    throw new ApiProblem(409, "secret/file", `The encrypted file cannot be used: ${error.message}.`, {
      advice: "See docs/secrets.md on the files secrets.age and secrets.identity.",
    });
  }
}
