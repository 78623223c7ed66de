/**
 * Requests and responses of the operations on the encrypted file of secrets. No response holds a value.
 *
 * @module
 */

import { z } from "zod";
import { AGE_NAME, AGE_NAME_RULE } from "../../lib/secrets/secret_reference.ts";
import type { OperationContract } from "./common.ts";

/** Name of an entry. */
const secretName = z.string().regex(AGE_NAME, `must ${AGE_NAME_RULE}`).meta({
  description: "Name of the secret; bots refer to it as `age:NAME`",
  example: "binance.key",
});

const params = z.strictObject({ name: secretName });

/** Size of the largest value, in characters. */
const MAX_CHARACTERS = 65_536;

/** The operations on secrets. */
export const SECRETS_CONTRACT = {
  listSecrets: {
    summary: "List the names of the secrets in the encrypted file",
    responses: {
      200: z.object({ secrets: z.array(z.object({ name: secretName })) }).meta({ id: "SecretList" }),
    },
    problems: [409],
  },
  putSecret: {
    summary: "Set a secret in the encrypted file",
    description: "Bots that use it are replaced. Nobody can read the value through the API.",
    params,
    body: z.strictObject({
      value: z.string("must be a string").min(1).max(MAX_CHARACTERS).meta({
        description: "The value; a line end at its end is left out",
        format: "password",
      }),
    }).meta({ id: "SecretValue" }),
    responses: {
      200: z.object({
        name: secretName,
        isNew: z.boolean().meta({ description: "Whether there was none of this name" }),
      })
        .meta({ id: "SecretSet" }),
    },
    problems: [409],
  },
  deleteSecret: {
    summary: "Remove a secret from the encrypted file",
    description: "Bots that use it keep running, and cannot be started again.",
    params,
    responses: { 204: "none" },
    problems: [404, 409],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
