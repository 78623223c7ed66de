/**
 * Response of the overview of all bots.
 *
 * @module
 */

import { z } from "zod";
import { botSummary } from "./bots.ts";
import type { OperationContract } from "./common.ts";

/** The number of a bot that a list shows. */
export const headline = z.object({
  type: z.string().meta({ description: "Type of the metric" }),
  field: z.string().meta({ description: "Field of the metric" }),
  values: z.array(z.number()).meta({ description: "Its last values, the oldest first" }),
}).meta({ id: "Headline" });

/** A bot in the overview. */
export const overviewBot = botSummary.extend({
  advice: z.string().optional().meta({ description: "Advice, if something has to be done" }),
  exits: z.int().meta({ description: "How often it has ended by itself within the last hour" }),
  headline: headline.optional().meta({
    description:
      "A metric with a telling name (`equity`, `balance`, `pnl` …), else the first one with a number",
  }),
}).meta({ id: "OverviewBot" });

/** A bot in the overview. */
export type OverviewBot = z.infer<typeof overviewBot>;

/** The operations of the overview. */
export const OVERVIEW_CONTRACT = {
  getOverview: {
    summary: "Get all bots in one answer, with what a list of them shows",
    description: "`streamEvents` tells what changes from then on.",
    responses: {
      200: z.object({
        bots: z.array(overviewBot),
        trouble: z.string().optional().meta({
          description: "Why the service cannot look after its bots now: the list shows what it knew last",
        }),
      }).meta({ id: "Overview" }),
    },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
