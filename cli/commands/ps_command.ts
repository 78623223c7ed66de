/**
 * `berth ps`: lists the bots as the service sees them.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode psCommand}. */
export interface PsOptions {
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists the bots.
 *
 * @param options How to print.
 * @param context The command's context.
 */
export async function psCommand({ json }: PsOptions, { env, signal, terminal }: CliContext): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const { bots } = await client.call("listBots", { query: { limit: 1000 } }, { signal });
  if (json) terminal.out(JSON.stringify(bots, null, 2));
  else if (bots.length === 0) terminal.note("There are no bots yet. Deploy one with 'berth deploy DIR'.");
  else {
    const rows = bots.map((
      { id, condition, version, runtime },
    ) => [id, condition, version ?? "-", runtime ?? "-"]);
    for (const line of formatTable([["BOT", "STATE", "VERSION", "RUNTIME"], ...rows])) {
      terminal.out(printable(line));
    }
  }
  return EXIT.ok;
}
