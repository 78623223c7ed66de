/**
 * Reads lists page by page.
 *
 * @module
 */

import type { OperationOutput } from "../../services/contract/contract.ts";
import type { BotSummary } from "../../services/contract/bots.ts";
import type { ScheduleSummary } from "../../services/contract/schedules.ts";
import type { ApiClient } from "./api_client.ts";

/** Entries of a page. */
const PAGE = 1000;

/** All bots, and whether the service can look after them. */
export interface AllBots {
  /** The bots, in the order of their ids. */
  readonly bots: readonly BotSummary[];
  /** Why the service cannot look after them now. */
  readonly trouble?: string;
}

/**
 * Reads all bots.
 *
 * @param client The client.
 * @param signal Cancels the call.
 */
export async function listAllBots(client: ApiClient, signal: AbortSignal): Promise<AllBots> {
  const bots: BotSummary[] = [];
  let page: OperationOutput<"listBots"> | undefined;
  do {
    page = await client.call("listBots", { query: { limit: PAGE, cursor: page?.next } }, { signal });
    bots.push(...page.bots);
  } while (page.next !== undefined);
  return { bots, ...(page.trouble !== undefined && { trouble: page.trouble }) };
}

/**
 * Reads all schedules.
 *
 * @param client The client.
 * @param signal Cancels the call.
 */
export async function listAllSchedules(
  client: ApiClient,
  signal: AbortSignal,
): Promise<readonly ScheduleSummary[]> {
  const schedules: ScheduleSummary[] = [];
  let page: OperationOutput<"listSchedules"> | undefined;
  do {
    page = await client.call("listSchedules", { query: { limit: PAGE, cursor: page?.next } }, { signal });
    schedules.push(...page.schedules);
  } while (page.next !== undefined);
  return schedules;
}
