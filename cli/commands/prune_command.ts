/**
 * `berth prune`: removes archives and dependencies that nothing needs.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode pruneCommand}. */
export interface PruneOptions {
  /** Id of a bot or a schedule. @default all */
  readonly id?: string;
  /** Whether only to say what would be removed. */
  readonly dryRun: boolean;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Removes what no bot and no schedule needs.
 *
 * @param options The bot or the schedule, and how to print.
 * @param context The command's context.
 * @throws {NoServiceError} If no service answers.
 */
export async function pruneCommand({ id, dryRun, json }: PruneOptions, context: CliContext): Promise<number> {
  const { terminal, signal, env } = context;
  using client = new ApiClient(serverOf(env));
  const body = { dryRun, ...(id !== undefined && { id }) };
  const pruned = await client.call("pruneCode", { body }, { signal });
  if (json) {
    terminal.out(JSON.stringify(pruned, null, 2));
    return EXIT.ok;
  }
  const { objects, bytes } = pruned;
  for (const line of formatTable(objects.map(({ key, size }) => [key, kilobytes(size)]))) {
    terminal.out(printable(line));
  }
  const what = `${objects.length} ${objects.length === 1 ? "object" : "objects"} of ${kilobytes(bytes)}`;
  terminal.out(
    objects.length === 0
      ? "Nothing to remove: everything that is stored is needed."
      : dryRun
      ? `${what} would be removed.`
      : `${what} removed.`,
  );
  return EXIT.ok;
}

function kilobytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
