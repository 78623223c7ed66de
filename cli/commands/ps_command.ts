/**
 * `berth ps`: lists bots and schedules as the service sees them.
 *
 * @module
 */

import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { listAllBots, listAllSchedules } from "../client/list_all.ts";
import { type CliContext, EXIT } from "../context.ts";
import { botTable, scheduleTable } from "../output/bot_tables.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode psCommand}. */
export interface PsOptions {
  /** Print one JSON object. */
  readonly json: boolean;
  /** Show all columns in full. */
  readonly wide: boolean;
}

/**
 * Lists the bots and the schedules.
 *
 * @param options How to print.
 * @param context The command's context.
 * @returns 0, also if the service cannot look after its bots, which a note says: the list shows what it knew last.
 */
export async function psCommand({ json, wide }: PsOptions, context: CliContext): Promise<number> {
  const { env, signal, terminal } = context;
  using client = new ApiClient(serverOf(env));
  const [{ bots, trouble }, schedules] = await Promise.all([
    listAllBots(client, signal),
    listAllSchedules(client, signal),
  ]);
  if (json) {
    terminal.out(stringifyExactJson({ bots, schedules, ...(trouble !== undefined && { trouble }) }, 2));
  } else if (bots.length + schedules.length === 0) {
    terminal.note("There are no bots yet. Deploy one with 'berth deploy DIR'.");
  } else {
    const options = { now: Date.now(), wide, columns: terminal.columns };
    const above = botTable(bots, options);
    const below = scheduleTable(schedules, options);
    const between = above.length > 0 && below.length > 0 ? [""] : [];
    for (const line of [...above, ...between, ...below]) terminal.out(line);
    for (const { id, notes = [] } of [...bots, ...schedules]) {
      for (const note of notes) terminal.note(printable(`berth: ${id}: ${note}`));
    }
  }
  if (trouble !== undefined) {
    terminal.note(printable(`berth: The service cannot look after its bots: ${trouble}`));
  }
  return EXIT.ok;
}
