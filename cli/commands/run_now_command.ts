/**
 * `berth run-now ID`: runs a schedule now.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { printRunLog } from "./run_log_command.ts";

/** Options of {@linkcode runNowCommand}. */
export interface RunNowCommandOptions {
  /** Id of the schedule. */
  readonly id: string;
  /** Print the log until the run ends. */
  readonly follow: boolean;
  /** Print the run as JSON. */
  readonly json: boolean;
}

/**
 * Requests a run, even of a disabled schedule.
 *
 * @param options The schedule, and whether to wait.
 * @param context The command's context.
 * @returns 1 if a followed run did not succeed.
 */
export async function runNowCommand(
  { id, follow, json }: RunNowCommandOptions,
  { env, signal, terminal }: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const run = await client.call("runSchedule", { params: { id } }, { signal });
  if (json) terminal.out(JSON.stringify(run, null, 2));
  else if (follow) terminal.note(`berth: The run '${run.id}' begins.`);
  else {
    terminal.out(`The run '${run.id}' begins. See it with 'berth run-log -f ${run.id}'.`);
  }
  return follow ? await printRunLog(client, { run: run.id, follow, json }, { terminal, signal }) : EXIT.ok;
}
