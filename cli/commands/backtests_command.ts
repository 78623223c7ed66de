/**
 * `berth backtests [ID]`: lists the backtests of the service.
 *
 * @module
 */

import type { Backtest } from "../../services/contract/backtests.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { formatDuration } from "../output/duration.ts";
import { clip, formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode backtestsCommand}. */
export interface BacktestsOptions {
  /** Id of a bot. @default all */
  readonly id?: string;
  /** Only backtests in this state. @default all */
  readonly state?: string;
  /** Maximum number of backtests. */
  readonly limit: number;
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists backtests, the latest request first.
 *
 * @param options Which backtests, and how to print.
 * @param context The command's context.
 */
export async function backtestsCommand(
  { id, state, limit, json }: BacktestsOptions,
  { env, signal, terminal }: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const backtests: Backtest[] = [];
  let cursor: string | undefined;
  while (backtests.length < limit) {
    const page = await client.call("listBacktests", {
      query: {
        limit: Math.min(1000, limit - backtests.length),
        ...(id !== undefined && { bot: id }),
        // The service names the valid values.
        ...(state !== undefined && { state: state as Backtest["state"] }),
        ...(cursor !== undefined && { cursor }),
      },
    }, { signal });
    backtests.push(...page.backtests);
    if (page.next === undefined) break;
    cursor = page.next;
  }
  if (json) terminal.out(JSON.stringify(backtests, null, 2));
  else if (backtests.length === 0) terminal.note("There are no such backtests.");
  else {
    const now = Date.now();
    const head = ["BACKTEST", "BOT", "VERSION", "BY", "TOOK", "EXIT", "STATE"];
    const rows = backtests.map((one) => [
      one.id,
      one.bot,
      clip(one.version ?? "-"),
      clip(one.requestedBy),
      one.durationMs === undefined ? "-" : `${(one.durationMs / 1000).toFixed(1)}s`,
      one.exitCode === undefined ? "-" : String(one.exitCode),
      describe(one, now),
    ]);
    for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
  }
  return EXIT.ok;
}

function describe({ state, reason, queuedAt, startedAt, finishedAt }: Backtest, now: number): string {
  const isOpen = state === "queued" || state === "running";
  const at = (isOpen ? startedAt : finishedAt) ?? queuedAt;
  const since = formatDuration(Math.max(0, now - Date.parse(at)));
  const when = isOpen ? `${state} for ${since}` : `${state} ${since} ago`;
  return reason ? `${when}: ${reason}` : when;
}
