/**
 * Requests and responses of the operations on notifications. No response holds the address or a secret of a channel.
 *
 * @module
 */

import { z } from "zod";
import { next, type OperationContract, pageQuery, time } from "./common.ts";

/** Name of a channel. */
const channelName = z.string().regex(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  "must be 1 to 63 lower case letters, digits, '_' or '-', and begin with a letter or digit",
).meta({ description: "Name of a channel", example: "ops" });

const bots = z.array(z.string()).optional().meta({
  description: "Patterns of ids, or of labels as `name=value`; absent for all",
});

const channel = z.object({
  name: channelName,
  type: z.string().meta({ example: "slack" }),
  host: z.string().optional().meta({ description: "Its host; absent if only a secret names it" }),
  events: z.array(z.string()).optional().meta({ description: "Patterns of kinds; absent for all" }),
  bots,
  waiting: z.int().meta({ description: "Deliveries that wait in this process" }),
  problem: z.string().optional().meta({ description: "Why its last try failed; absent if it did not" }),
}).meta({ id: "NotificationChannel" });

const alert = z.object({
  name: z.string(),
  pattern: z.string().meta({ description: "Regular expression in RE2's syntax" }),
  bots,
  stream: z.enum(["stdout", "stderr"]).optional(),
  cooldownSeconds: z.int(),
}).meta({ id: "LogAlert" });

const event = z.object({
  id: z.string(),
  time,
  kind: z.string().meta({ example: "bot.crash_loop" }),
  state: z.enum(["opened", "recovered", "happened"]),
  severity: z.enum(["info", "warning", "critical"]),
  bot: z.string().optional().meta({ description: "Id of the bot or the schedule" }),
  title: z.string(),
  text: z.string(),
  since: time.optional().meta({ description: "When the incident began, if it has recovered" }),
}).meta({ id: "NotificationEvent" });

const incident = z.object({
  kind: z.string().meta({ example: "bot.crash_loop" }),
  bot: z.string().optional().meta({ description: "Id of the bot or the schedule" }),
  guard: z.string().optional().meta({ description: "Name of the guard that has tripped" }),
  severity: z.enum(["info", "warning", "critical"]),
  since: time.meta({ description: "When it began" }),
  title: z.string(),
  text: z.string(),
}).meta({ id: "Incident" });

const delivery = z.object({
  id: z.string(),
  channel: channelName,
  outcome: z.enum(["waiting", "delivered", "given-up"]),
  attempts: z.int(),
  endedAt: time.optional().meta({ description: "When the receiver took it, or Berth gave up" }),
  problem: z.string().optional().meta({ description: "Why the last try failed" }),
  event,
}).meta({ id: "NotificationDelivery" });

/** A delivery, as the API shows it. */
export type ShownDelivery = z.infer<typeof delivery>;

/** The operations on notifications. */
export const NOTIFICATIONS_CONTRACT = {
  getNotifications: {
    summary: "List channels, alerts, open incidents, and mistakes in the file of channels",
    responses: {
      200: z.object({
        file: z.string().meta({ description: "Path of the file" }),
        problems: z.array(z.string()).meta({ description: "One line for each mistake in it" }),
        channels: z.array(channel),
        alerts: z.array(alert),
        open: z.array(incident).meta({
          description: "Incidents that have begun and not ended, the latest first",
        }),
      }).meta({ id: "Notifications" }),
    },
  },
  listDeliveries: {
    summary: "List deliveries, the latest event first",
    description: "The first page begins with those that still wait. Past ones are kept for 14 days.",
    query: z.strictObject(pageQuery),
    responses: { 200: z.object({ deliveries: z.array(delivery), next }).meta({ id: "Deliveries" }) },
  },
  testChannel: {
    summary: "Send a test message to a channel",
    description: "It is sent at once and once, past the outbox.",
    params: z.strictObject({ name: channelName }),
    responses: {
      200: z.object({
        isDelivered: z.boolean(),
        problem: z.string().optional().meta({ description: "Why the receiver did not take it" }),
      }).meta({ id: "ChannelTest" }),
    },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
