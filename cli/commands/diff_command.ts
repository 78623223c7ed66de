/**
 * `berth diff ID REV [REV]`: shows how two revisions differ.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { diffLines } from "../output/revision_words.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode diffCommand}. */
export interface DiffOptions {
  /** Id of the bot or the schedule. */
  readonly id: string;
  /** Number of the earlier revision. */
  readonly from: number;
  /** Number of the later revision. @default the latest */
  readonly to?: number;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Shows how two revisions differ in document and code.
 *
 * @param options Which, and how to print.
 * @param context The command's context.
 * @throws {ApiError} If there is no such revision. @throws {NoServiceError} If no service answers.
 */
export async function diffCommand({ id, from, to, json }: DiffOptions, context: CliContext): Promise<number> {
  const { terminal, signal, env } = context;
  using client = new ApiClient(serverOf(env));
  const query = { from: String(from), ...(to !== undefined && { to: String(to) }) };
  const diff = await client.call("diffRevisions", { params: { id }, query }, { signal });
  if (json) terminal.out(JSON.stringify(diff, null, 2));
  else for (const line of diffLines(diff, Date.now())) terminal.out(printable(line));
  return EXIT.ok;
}
