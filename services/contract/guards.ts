/**
 * Requests and responses of the operations on guards.
 *
 * @module
 */

import { z } from "zod";
import { botId, idParams, type OperationContract, time } from "./common.ts";

const guardName = z.string().min(1).max(80).meta({ description: "Name of a guard", example: "equity" });
const lineTime = z.string().meta({ description: "RFC 3339, to the nanosecond" });

/** A guard of a bot, with what is known of it. */
export const shownGuard = z.object({
  name: guardName,
  metric: z.string(),
  field: z.string().optional(),
  when: z.enum(["below", "above", "drawdown_pct", "rate_per_minute"]),
  limit: z.number(),
  forSeconds: z.number(),
  action: z.enum(["alert", "stop"]),
  latch: z.boolean().meta({ description: "Whether it stays tripped until a person releases it" }),
  onMissing: z.object({ afterSeconds: z.number(), action: z.enum(["alert", "stop"]) }).optional(),
  state: z.enum(["ok", "waiting", "beyond", "tripped"]).meta({
    description: "`waiting`: no number has come yet. `beyond`: beyond the limit, but not for long enough",
  }),
  value: z.number().optional().meta({
    description:
      "The value that is compared with the limit: the last number, the drawdown in percent, or the rate",
  }),
  valueAt: lineTime.optional().meta({ description: "When the last number came" }),
  peak: z.number().optional().meta({
    description: "The highest number since the bot was enabled or released",
  }),
  oddity: z.string().optional().meta({ description: "The last value of the bot that is not a number" }),
}).meta({ id: "Guard" });

/** A guard of a bot. */
export type ShownGuard = z.infer<typeof shownGuard>;

/** A guard that has tripped and holds. */
export const shownLatch = z.object({
  bot: botId,
  guard: guardName,
  at: time,
  action: z.enum(["alert", "stop"]).meta({ description: "`stop`: nothing starts the bot" }),
  text: z.string().meta({ description: "Why it tripped", example: "equity.value 8 below 10" }),
  value: z.number().optional(),
  peak: z.number().optional(),
  limit: z.number(),
  lastLines: z.array(z.string()).meta({ description: "The last lines that the bot had printed" }),
  isStored: z.boolean().meta({
    description: "False while the database has not taken it: this process holds it",
  }),
}).meta({ id: "Latch" });

/** A guard that has tripped and holds. */
export type ShownLatch = z.infer<typeof shownLatch>;

/** The last release of a guard. */
export const shownRelease = z.object({
  guard: guardName,
  text: z.string().meta({ description: "Why it had tripped" }),
  trippedAt: time,
  at: time,
  by: z.string(),
  reason: z.string(),
}).meta({ id: "Release" });

/** The last release of a guard. */
export type ShownRelease = z.infer<typeof shownRelease>;

const fleet = z.object({
  file: z.string().optional().meta({ description: "Path of the file" }),
  problems: z.array(z.string()).meta({ description: "One line for each mistake in it" }),
  guards: z.array(z.object({
    name: guardName,
    bots: z.string().meta({ description: "Which bots, by a label", example: "desk=fx" }),
    metric: z.string(),
    field: z.string().optional(),
    when: z.enum(["below", "above", "drawdown_pct", "rate_per_minute"]),
    limit: z.number(),
    action: z.enum(["alert", "stop"]),
    members: z.array(botId).meta({ description: "The bots that it looks at" }),
    value: z.number().optional().meta({ description: "The value that is compared with the limit" }),
  })),
}).meta({ id: "FleetGuards" });

/** The operations on guards. */
export const GUARDS_CONTRACT = {
  listLatches: {
    summary: "List the guards that have tripped and hold, and the guards over several bots",
    responses: {
      200: z.object({
        latches: z.array(shownLatch),
        fleet: fleet.meta({ description: "The guards over several bots" }),
      }).meta({ id: "LatchList" }),
    },
    problems: [409],
  },
  getBotGuards: {
    summary: "Get the guards of one bot, what holds it, and what was released",
    params: idParams,
    responses: {
      200: z.object({
        guards: z.array(shownGuard),
        latches: z.array(shownLatch).meta({ description: "Those that hold, also of guards that are gone" }),
        releases: z.array(shownRelease).meta({ description: "The last release of each guard" }),
      }).meta({ id: "BotGuards" }),
    },
    problems: [404, 409],
  },
  releaseGuard: {
    summary: "Release a guard that has tripped",
    description:
      "Nothing else lets the bot run again. The guard begins anew, its peak too. The audit records who and why.",
    params: idParams.extend({ guard: guardName }),
    body: z.strictObject({
      reason: z.string().trim().min(1).max(500).meta({ description: "Why the bot may run again" }),
    }),
    responses: { 200: shownLatch },
    problems: [404, 409],
  },
  replayGuard: {
    summary: "Tell when a rule would have tripped on the stored log of a bot",
    description:
      "`on_missing` is left out: a log does not say when the bot was not meant to run. Takes at most 20 s.",
    params: idParams,
    query: z.strictObject({
      guard: guardName.optional(),
      rule: z.string().max(4000).optional().meta({
        description: "Instead of a guard: a rule as in `config.berth.guards`, as JSON",
      }),
      since: z.iso.datetime({ offset: true }).max(64).optional().meta({
        description: "Only lines at or after this time",
      }),
    }).refine(({ guard, rule }) => (guard === undefined) !== (rule === undefined), {
      message: "is needed, or 'rule', and not both",
      path: ["guard"],
    }),
    responses: {
      200: z.object({
        trips: z.array(z.object({ at: time, text: z.string() })).meta({ description: "The first 100" }),
        tripCount: z.int(),
        numbers: z.int().meta({ description: "How many numbers the rule saw" }),
        oddities: z.int().meta({ description: "How many lines of its metric had no number" }),
        from: lineTime.optional(),
        to: lineTime.optional(),
        lowest: z.number().optional().meta({ description: "The lowest of what was compared with the limit" }),
        highest: z.number().optional(),
        isComplete: z.boolean().meta({ description: "Whether the whole log was read" }),
      }).meta({ id: "GuardReplay" }),
    },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
