/**
 * Responses of the operations on trading sessions.
 *
 * @module
 */

import { z } from "zod";
import { botId, type OperationContract, time } from "./common.ts";

const name = z.string().meta({ description: "Name of the calendar", example: "XNYS" });

/** When a bot that is limited to an exchange's sessions runs. */
export const botSession = z.object({
  calendar: name,
  startSeconds: z.int().meta({ description: "From the open to the start; negative for before it" }),
  endSeconds: z.int().meta({ description: "From the close to the stop; negative for before it" }),
  state: z.enum(["inside", "outside", "unknown"]).meta({
    description: "`unknown`: the calendar does not cover the time; `problem` says why",
  }),
  problem: z.string().optional(),
  changes: z.array(z.object({
    at: time,
    to: z.enum(["inside", "outside"]),
  })).meta({ description: "When it changes next, the earliest first: at most six, within three weeks" }),
}).meta({ id: "BotSession" });

/** When a bot that is limited to an exchange's sessions runs. */
export type BotSession = z.infer<typeof botSession>;

const usedCalendar = z.object({
  name,
  timezone: z.string().optional(),
  bots: z.array(botId).meta({ description: "Enabled bots that run only during its sessions" }),
  schedules: z.array(botId).meta({ description: "Enabled schedules that follow it" }),
  sessions: z.array(z.object({
    date: z.iso.date().meta({ description: "Date of the session, by the clock of the exchange" }),
    parts: z.array(z.object({ open: time, close: time })).meta({
      description: "When it trades; a break, such as a lunch break, parts them",
    }),
  })).meta({ description: "Those that are not over and begin within the days asked for" }),
  problem: z.string().optional().meta({ description: "Why its sessions are not known, or end" }),
}).meta({ id: "UsedCalendar" });

/** A calendar that bots or schedules use, with its sessions. */
export type UsedCalendar = z.infer<typeof usedCalendar>;

/** The operations on trading sessions. */
export const TRADING_SESSIONS_CONTRACT = {
  listTradingSessions: {
    summary: "List the coming sessions of the trading calendars that bots and schedules use",
    query: z.strictObject({
      days: z.coerce.number().int().min(1).max(31).default(8).meta({ description: "How many days ahead" }),
    }),
    responses: {
      200: z.object({ calendars: z.array(usedCalendar) }).meta({ id: "TradingSessions" }),
    },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
