/**
 * Explains why a deployed bot does not run.
 *
 * @module
 */

import type { Bot } from "../../services/contract/bots.ts";
import type { LogLine } from "../../services/contract/logs.ts";
import { BerthError } from "../../lib/errors.ts";
import type { ApiClient } from "../client/api_client.ts";

/** Why a bot does not run, as far as the service knows. */
export interface FailureReport {
  /** How its program ended, in words. */
  readonly reason?: string;
  /** The last lines that it printed. */
  readonly lastLines?: readonly string[];
  /** The advice. */
  readonly advice?: string;
}

/** Number of lines that are shown. */
const LINES = 10;

/**
 * Asks the service why a bot does not run. That it does not is known already, so an answer that fails is left out.
 *
 * @param id Id of the bot.
 * @param client The client of the service.
 * @param signal Cancels the call.
 */
export async function explainFailure(
  id: string,
  client: ApiClient,
  signal: AbortSignal,
): Promise<FailureReport> {
  try {
    const bot = await client.call("getBot", { params: { id } }, { signal });
    const since = deployedAt(bot);
    // An end of an earlier version explains nothing.
    const exit = bot.exits.find(({ at }) => since === undefined || at >= since);
    const { reason, lastLines: known = [] } = exit ?? {};
    const lastLines = known.length > 0 ? known : await readLastLines(id, since, client, signal);
    return {
      ...(reason !== undefined && { reason }),
      ...(lastLines.length > 0 && { lastLines }),
      ...(bot.advice !== undefined && { advice: bot.advice }),
    };
  } catch (error) {
    if (error instanceof BerthError && !signal.aborted) return {};
    throw error;
  }
}

/** When the service wrote the document, by its own clock. */
function deployedAt({ document }: Bot): string | undefined {
  const { custom } = (document ?? {}) as { custom?: { updatedAt?: unknown } };
  return typeof custom?.updatedAt === "string" ? custom.updatedAt : undefined;
}

async function readLastLines(
  id: string,
  since: string | undefined,
  client: ApiClient,
  signal: AbortSignal,
): Promise<string[]> {
  const query = { tail: String(LINES), ...(since !== undefined && { since }) };
  const text = await client.text("readLogs", { params: { id }, query }, { signal });
  const lines = text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Partial<LogLine>);
  return lines.flatMap(({ text, stream }) => text === undefined || stream === "berth" ? [] : [text]);
}
