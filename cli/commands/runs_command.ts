/**
 * `berth runs [ID]`: lists runs of schedules.
 *
 * @module
 */

import type { Run } from "../../services/contract/runs.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { describeRun, runWords } from "../output/schedule_words.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode runsCommand}. */
export interface RunsOptions {
  /** Id of a schedule. @default all */
  readonly id?: string;
  /** Only runs in this state. @default all */
  readonly state?: string;
  /** Only runs with this trigger. @default all */
  readonly trigger?: string;
  /** Only runs of slots at or after this time. @default all */
  readonly since?: Date;
  /** Only runs of slots before this time. @default all */
  readonly until?: Date;
  /** Maximum number of runs. */
  readonly limit: number;
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists runs, the latest slot first.
 *
 * @param options Which runs, and how to print.
 * @param context The command's context.
 */
export async function runsCommand(options: RunsOptions, context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const { id, state, trigger, since, until, limit, json } = options;
  using client = new ApiClient(serverOf(context.env));
  const runs: Run[] = [];
  let cursor: string | undefined;
  while (runs.length < limit) {
    const page = await client.call("listRuns", {
      query: {
        limit: Math.min(1000, limit - runs.length),
        ...(id !== undefined && { schedule: id }),
        // The service names the valid values.
        ...(state !== undefined && { state: state as Run["state"] }),
        ...(trigger !== undefined && { trigger: trigger as Run["trigger"] }),
        ...(since && { from: since.toISOString() }),
        ...(until && { to: until.toISOString() }),
        ...(cursor !== undefined && { cursor }),
      },
    }, { signal });
    runs.push(...page.runs);
    if (page.next === undefined) break;
    cursor = page.next;
  }
  // An unknown id is an error, as with every other command.
  if (runs.length === 0 && id !== undefined) await client.call("getSchedule", { params: { id } }, { signal });
  if (json) terminal.out(JSON.stringify(runs, null, 2));
  else if (runs.length === 0) terminal.note("There are no such runs.");
  else {
    const now = Date.now();
    const rows = runs.map((run) => [
      run.id,
      run.origin + (run.requestedBy === undefined ? "" : ` by ${run.requestedBy}`),
      run.attempt > 1 ? `${run.attempt}, a retry` : String(run.attempt),
      run.durationMs === undefined ? "-" : `${(run.durationMs / 1000).toFixed(1)}s`,
      run.exitCode === undefined ? "-" : String(run.exitCode),
      describeRun(runWords(run), now),
    ]);
    const head = ["RUN", "TRIGGER", "ATTEMPT", "TOOK", "EXIT", "STATE"];
    for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
  }
  return EXIT.ok;
}
