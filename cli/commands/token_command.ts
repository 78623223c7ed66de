/**
 * `berth token`: makes, lists and revokes the tokens of the API.
 *
 * @module
 */

import type { Token } from "../../services/contract/tokens.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode tokenCommand}. */
export interface TokenOptions {
  /** The action. */
  readonly action: string;
  /** Name or id of the token. */
  readonly name?: string;
  /** The role of a new token's holder. */
  readonly role?: string;
  /** When a new token ends, in ms from now; absent for never. */
  readonly expiresMs?: number;
  /** Print JSON. */
  readonly json: boolean;
}

/**
 * Makes, lists or revokes tokens.
 *
 * @param options The action.
 * @param context The command's context.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function tokenCommand(options: TokenOptions, context: CliContext): Promise<number> {
  const { action, name, role, expiresMs } = options;
  const isCreate = action === "create";
  if (!["create", "list", "revoke"].includes(action)) {
    throw new UsageError(`'token' has no '${action}'; use create, list or revoke.`);
  }
  if (!isCreate && (role !== undefined || expiresMs !== undefined)) {
    throw new UsageError("--role and --expires are for 'token create'.");
  }
  if (action === "list" && name !== undefined) throw new UsageError("'token list' takes no name.");
  if (action !== "list" && name === undefined) {
    throw new UsageError(`'token ${action}' needs the name of a token.`);
  }
  using client = new ApiClient(serverOf(context.env));
  if (action === "list") await list(client, options, context);
  else if (action === "revoke") return await revoke(client, name!, options, context);
  else await create(client, name!, options, context);
  return EXIT.ok;
}

async function create(
  client: ApiClient,
  name: string,
  { role, expiresMs, json }: TokenOptions,
  { terminal, signal }: CliContext,
): Promise<void> {
  if (role !== "read" && role !== "operate") {
    throw new UsageError("Say what the token may do: --role read or --role operate.");
  }
  const { token, value } = await client.call("createToken", {
    body: { name, role, ...(expiresMs !== undefined && { expiresInSeconds: Math.ceil(expiresMs / 1000) }) },
  }, { signal });
  if (json) return terminal.out(JSON.stringify({ ...token, value }, null, 2));
  terminal.out(value);
  terminal.note(
    `berth: This is the only time that the token is shown. It may ${
      role === "read" ? "read" : "read and change everything"
    }${token.expiresAt === undefined ? " and does not end by itself" : ` and ends at ${token.expiresAt}`}.`,
  );
}

async function list(client: ApiClient, { json }: TokenOptions, { terminal, signal }: CliContext) {
  const { tokens } = await client.call("listTokens", {}, { signal });
  if (json) return terminal.out(JSON.stringify(tokens, null, 2));
  if (tokens.length === 0) {
    return terminal.note("There are no tokens. Make one with 'berth token create NAME --role read'.");
  }
  const rows = tokens.map(({ id, name, role, createdBy, createdAt, expiresAt, isExpired }) => [
    name,
    role,
    isExpired ? "ended" : expiresAt ?? "never",
    createdAt,
    createdBy,
    id,
  ]);
  const head = ["NAME", "ROLE", "ENDS", "MADE", "BY", "ID"];
  for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
}

async function revoke(
  client: ApiClient,
  name: string,
  { json }: TokenOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const { tokens } = await client.call("listTokens", {}, { signal });
  const token = tokens.find((one: Token) => one.name === name) ?? tokens.find(({ id }: Token) => id === name);
  if (!token) {
    terminal.note(`berth: There is no token '${name}'; 'berth token list' lists them.`);
    return EXIT.failed;
  }
  await client.call("revokeToken", { params: { id: token.id } }, { signal });
  if (json) terminal.out(JSON.stringify({ id: token.id, name: token.name }, null, 2));
  else {terminal.note(
      `berth: The token '${token.name}' is revoked, and the sessions that come from it have ended.`,
    );}
  return EXIT.ok;
}
