/**
 * Handles the overview of all bots.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import type { ExitHistory } from "../bots/exit_history.ts";
import { RecentExits } from "../bots/recent_exits.ts";
import type { OverviewBot } from "../contract/overview.ts";
import type { ApiParts } from "./api_parts.ts";
import { botAdviceOf, botSummaryOf } from "./bot_view.ts";
import type { Handlers } from "./handlers.ts";
import type { ListDocuments } from "./listed_documents.ts";

/** Values of a headline: as many as a small curve can show. */
const HEADLINE_VALUES = 40;

/**
 * Makes the handler.
 *
 * @param parts The dependencies of the API.
 * @param history The last ends of containers.
 * @param listBots Lists the documents of the bots.
 */
export function overviewHandlers(
  parts: ApiParts,
  history: ExitHistory,
  listBots: ListDocuments,
): Handlers<"getOverview"> {
  const { botService, runner, clock } = parts;
  const recent = new RecentExits(history, clock);
  if (botService) recent.watch(botService.state);

  /** Without earlier ends the bots are shown all the same. */
  async function exitCounts(): Promise<ReadonlyMap<string, number>> {
    try {
      return await recent.count();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      return new Map();
    }
  }

  return {
    async getOverview({ caller, unreached, signal }) {
      const stored = await listBots(signal, caller.isPassedOn);
      const statuses = new Map(botService?.state.getAllRunningBots().map((status) => [status.id, status]));
      const exits = await exitCounts();
      const ids = [...new Set([...stored.keys(), ...statuses.keys()])].sort();
      const trouble = unreached ??
        (botService ? botService.trouble : "this process does not run the bot service");
      return {
        body: {
          bots: ids.map((id): OverviewBot => {
            const known = { id, parsed: stored.get(id), status: statuses.get(id) };
            const advice = botAdviceOf(known);
            const headline = runner.headlineOf(id, HEADLINE_VALUES);
            return {
              ...botSummaryOf(known),
              ...(advice !== undefined && { advice }),
              exits: exits.get(id) ?? 0,
              ...(headline && { headline: { ...headline, values: [...headline.values] } }),
            };
          }),
          ...(trouble !== undefined && { trouble }),
        },
      };
    },
  };
}
