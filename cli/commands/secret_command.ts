/**
 * `berth secret`: sets, lists and removes the secrets of the service's encrypted file.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode secretCommand}. */
export interface SecretOptions {
  /** The action. */
  readonly action: string;
  /** Name of the secret. */
  readonly name?: string;
  /** Print JSON. */
  readonly json: boolean;
}

/**
 * Sets, lists or removes secrets. A value comes from the terminal, without being shown, or from standard input: arguments
 * of commands are visible to every user of a machine, and in the history of a shell.
 *
 * @param options The action.
 * @param context The command's context.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function secretCommand(options: SecretOptions, context: CliContext): Promise<number> {
  const { action, name } = options;
  if (!["set", "list", "rm"].includes(action)) {
    throw new UsageError(`'secret' has no '${action}'; use set, list or rm.`);
  }
  if (action === "list" && name !== undefined) throw new UsageError("'secret list' takes no name.");
  if (action !== "list" && name === undefined) {
    throw new UsageError(`'secret ${action}' needs the name of a secret.`);
  }
  using client = new ApiClient(serverOf(context.env));
  if (action === "list") return await list(client, options, context);
  return action === "set"
    ? await set(client, name!, options, context)
    : await remove(client, name!, options, context);
}

async function set(
  client: ApiClient,
  name: string,
  { json }: SecretOptions,
  { terminal, signal, readSecret }: CliContext,
): Promise<number> {
  const value = await readSecret?.(`Value of ${printable(name)}: `);
  if (readSecret && value === undefined) return EXIT.interrupted;
  if (value === undefined || value.replace(/\r?\n$/, "") === "") {
    throw new UsageError("There is no value: type it at the prompt, or pass it by standard input.");
  }
  const answer = await client.call("putSecret", { params: { name }, body: { value } }, { signal });
  if (json) terminal.out(JSON.stringify(answer, null, 2));
  else {
    terminal.note(
      answer.isNew
        ? `berth: The secret '${name}' is stored; a bot gets it with the reference age:${name}.`
        : `berth: The secret '${name}' has a new value; bots that use it are replaced.`,
    );
  }
  return EXIT.ok;
}

async function list(
  client: ApiClient,
  { json }: SecretOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const { secrets } = await client.call("listSecrets", {}, { signal });
  if (json) terminal.out(JSON.stringify(secrets, null, 2));
  else if (secrets.length === 0) {
    terminal.note("There are no secrets in the encrypted file. Add one with 'berth secret set NAME'.");
  } else for (const { name } of secrets) terminal.out(printable(name));
  return EXIT.ok;
}

async function remove(
  client: ApiClient,
  name: string,
  { json }: SecretOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  await client.call("deleteSecret", { params: { name } }, { signal });
  if (json) terminal.out(JSON.stringify({ name }, null, 2));
  else {
    terminal.note(
      `berth: The secret '${name}' is removed. Bots that use it keep running, and cannot be started again without it.`,
    );
  }
  return EXIT.ok;
}
