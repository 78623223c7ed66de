/**
 * `berth schedules`: lists the schedules as the service sees them.
 *
 * @module
 */

import type { Run } from "../../services/contract/runs.ts";
import type { ScheduleSummary } from "../../services/contract/schedules.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { describeLast, describeNext, type RunWords } from "../output/schedule_words.ts";
import { clip, formatTable } from "../output/table.ts";
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
  const all: ScheduleSummary[] = [];
  let cursor: string | undefined;
  while (true) {
    const query = { limit: 1000, ...(cursor !== undefined && { cursor }) };
    const { schedules, next } = await client.call("listSchedules", { query }, { signal });
    all.push(...schedules);
    if (next === undefined) break;
    cursor = next;
  }
  if (json) terminal.out(JSON.stringify(all, null, 2));
  else if (all.length === 0) {
    terminal.note(
      "There are no schedules yet. A bot folder with a 'schedule' in its bot-config.yaml becomes one.",
    );
  } else {
    const now = Date.now();
    const rows = all.map(({ id, schedule, enabled, problem, next, lastRun, version }) => [
      id,
      version ?? "-",
      enabled ? "yes" : "no",
      clip(schedule ?? "-"),
      describeNext({ enabled, problem, next: next === undefined ? null : new Date(next) }, now),
      describeLast({ problem, last: lastRun ? runWords(lastRun) : null }, now),
    ]);
    const head = ["SCHEDULE", "VERSION", "ENABLED", "RUNS AT", "NEXT", "LAST"];
    for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
    for (const { id, notes = [] } of all) {
      for (const note of notes) terminal.note(printable(`berth: ${id}: ${note}`));
    }
  }
  return EXIT.ok;
}

/**
 * Takes from a run what its description needs.
 *
 * @param run The run.
 */
export function runWords({ state, reason, claimedAt, startedAt, finishedAt }: Run): RunWords {
  return {
    state,
    reason,
    claimedAt: new Date(claimedAt),
    startedAt: startedAt === undefined ? undefined : new Date(startedAt),
    finishedAt: finishedAt === undefined ? undefined : new Date(finishedAt),
  };
}
