/**
 * Responses of the operations on events and statistics.
 *
 * @module
 */

import { z } from "zod";
import { botId, flag, idParams, type OperationContract, time } from "./common.ts";

/** Types of events. */
export const EVENT_TYPES = [
  "condition",
  "gone",
  "started",
  "stopped",
  "exited",
  "document",
  "run",
] as const;

/** Something that happened to a bot or a schedule. */
export const berthEvent = z.object({
  time,
  type: z.enum(EVENT_TYPES).meta({
    description:
      "`condition`: a bot is in another state. `gone`: a bot has neither document nor container any more. " +
      "`started`, `stopped` (by the service) and `exited` (by itself): a container of a bot. `document`: a document " +
      "was written or removed, for example by a deployment. `run`: a run of a schedule is in another state",
  }),
  kind: z.enum(["bot", "schedule"]),
  id: botId,
  text: z.string().meta({ description: "The event in words" }),
  state: z.string().optional().meta({ description: "State of the bot or of the run" }),
  until: time.optional().meta({ description: "When the service tries again" }),
  attempt: z.int().optional().meta({ description: "Number of starts in a row, or attempt of the run" }),
  containerId: z.string().optional(),
  exitCode: z.int().optional(),
  change: z.enum(["created", "updated", "deleted"]).optional().meta({
    description: "The change of the document",
  }),
  version: z.string().optional().meta({ description: "Version of the code, if the document names one" }),
  run: z.string().optional().meta({ description: "Id of the run" }),
}).meta({ id: "Event" });

/** Something that happened to a bot or a schedule. */
export type BerthEvent = z.infer<typeof berthEvent>;

/** The most events that are kept. */
export const MAX_KEPT_EVENTS = 1000;

const query = z.strictObject({
  last: z.coerce.number().int().min(0).max(MAX_KEPT_EVENTS).default(0).meta({
    description: "How many of the last events to send first; `Last-Event-ID` overrides it",
  }),
  follow: flag.default(true).meta({ description: "Whether to go on with events as they happen" }),
});

const DESCRIPTION =
  "Server-sent events. The event's name is its type, and `data` is an `Event` as JSON. A client that " +
  "sends `Last-Event-ID` gets what it missed; if that is not kept any more, or the service was restarted, the event " +
  "`reset` tells it to read the state again. A stream without events begins with `open`, which has an id, too. The last 1000 events are kept in memory. A client that reads too slowly " +
  "is cut off.";

/** Resources that a container uses. */
export const usage = z.object({
  id: botId,
  kind: z.enum(["bot", "run", "backtest"]),
  containerId: z.string(),
  containerName: z.string(),
  time: time.meta({ description: "When it was measured, by the engine's clock" }),
  cpuSeconds: z.number().meta({
    description: "Processor time since the start of the container: the load is the difference of two answers",
  }),
  memoryBytes: z.number().meta({ description: "Memory without page cache that can be dropped" }),
  memoryLimitBytes: z.number().optional(),
  processes: z.int().optional().meta({ description: "Number of processes and threads" }),
  restarts: z.int().meta({ description: "Number of starts in a row before this one" }),
  createdAt: time,
}).meta({ id: "Usage" });

/** Resources that a container uses. */
export type Usage = z.infer<typeof usage>;

/** Resources that a container used between two measurements. */
export const usagePoint = z.object({
  time: time.meta({ description: "When it was measured, by the engine's clock" }),
  cpu: z.number().optional().meta({
    description: "Share of one processor since the point before; absent for the first of a container",
  }),
  memoryBytes: z.number(),
}).meta({ id: "UsagePoint" });

/** Resources that a container used between two measurements. */
export type UsagePoint = z.infer<typeof usagePoint>;

const usages = z.object({ containers: z.array(usage) }).meta({ id: "UsageList" });

/** The operations on events and statistics. */
export const EVENTS_CONTRACT = {
  streamEvents: {
    summary: "Follow the events of all bots and schedules",
    description: DESCRIPTION,
    query,
    responses: { 200: "stream" },
  },
  streamBotEvents: {
    summary: "Follow the events of one bot or schedule",
    description: DESCRIPTION,
    params: idParams,
    query,
    responses: { 200: "stream" },
  },
  getStats: {
    summary: "Measure all running containers",
    description: "The engine is asked for each container, and only by this request.",
    responses: { 200: usages },
    problems: [503],
  },
  getBotStats: {
    summary: "Measure the running containers of one bot or schedule",
    params: idParams,
    responses: { 200: usages },
    problems: [503],
  },
  getBotUsage: {
    summary: "Get what one bot used, as far as somebody has measured",
    description:
      "The measurements of `getStats`, `getBotStats` and `scrapeMetrics`, the earliest first, since the service was " +
      "started: nothing is measured for this. All points of the last minutes are kept, and fewer of earlier ones.",
    params: idParams,
    responses: { 200: z.object({ points: z.array(usagePoint) }).meta({ id: "UsageHistory" }) },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
