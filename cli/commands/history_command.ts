/**
 * `berth history ID`: lists the revisions of a bot or a schedule.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { revisionTable } from "../output/revision_words.ts";

/** Options of {@linkcode historyCommand}. */
export interface HistoryOptions {
  /** Id of the bot or the schedule. */
  readonly id: string;
  /** Maximum number of revisions. */
  readonly limit: number;
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists revisions, the latest first.
 *
 * @param options Which, and how to print.
 * @param context The command's context.
 * @throws {ApiError} If there is no such bot or schedule. @throws {NoServiceError} If no service answers.
 */
export async function historyCommand(
  { id, limit, json }: HistoryOptions,
  context: CliContext,
): Promise<number> {
  const { terminal, signal, env } = context;
  using client = new ApiClient(serverOf(env));
  const { revisions } = await client.call("listRevisions", { params: { id }, query: { limit } }, { signal });
  if (json) terminal.out(JSON.stringify(revisions, null, 2));
  else for (const line of revisionTable(revisions, Date.now())) terminal.out(line);
  return EXIT.ok;
}
