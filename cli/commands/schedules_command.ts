/**
 * `berth schedules`: lists the schedules as the service sees them.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { listAllSchedules } from "../client/list_all.ts";
import { type CliContext, EXIT } from "../context.ts";
import { scheduleTable } from "../output/bot_tables.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode schedulesCommand}. */
export interface SchedulesOptions {
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists the schedules.
 *
 * @param options How to print.
 * @param context The command's context.
 */
export async function schedulesCommand(
  { json }: SchedulesOptions,
  { env, signal, terminal }: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const all = await listAllSchedules(client, signal);
  if (json) terminal.out(JSON.stringify(all, null, 2));
  else if (all.length === 0) {
    terminal.note(
      "There are no schedules yet. A bot folder with a 'schedule' in its bot-config.yaml becomes one.",
    );
  } else {
    const options = { now: Date.now(), wide: false, columns: terminal.columns };
    for (const line of scheduleTable(all, options)) terminal.out(line);
    for (const { id, notes = [] } of all) {
      for (const note of notes) terminal.note(printable(`berth: ${id}: ${note}`));
    }
  }
  return EXIT.ok;
}
